"""The page in a real browser, used as a person would use it."""

import re
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.interaction import POINTER_TOUCH
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.app.conftest import STROKES, Server, drawn

pytestmark = pytest.mark.slow

MAX_WAIT = 100  # seconds, far more than any answer takes on a busy machine


@pytest.fixture
def page(browser: Chrome, server: Server) -> Chrome:
    """Open the page in a fresh state."""
    browser.get(server.url)
    return browser


def draw(page: Chrome, digit: int, kind: str = "mouse") -> None:
    """Draw a digit in the middle of the canvas, with a mouse or a finger."""
    paper = page.find_element(By.ID, "paper")
    for stroke in STROKES[digit]:
        pointer = PointerInput(kind, kind)
        actions = ActionBuilder(page, mouse=pointer, duration=20)
        for index, (x, y) in enumerate(stroke):
            actions.pointer_action.move_to(paper, round(3 * (x - 50)), round(3 * (y - 50)))
            if index == 0:
                actions.pointer_action.pointer_down()
        actions.pointer_action.pointer_up()
        actions.perform()


def answer(page: Chrome, pattern: str = r"^\d|^No digit|^Could not") -> str:
    """Wait for an answer that matches the pattern, and return it."""
    element = page.find_element(By.ID, "answer")
    WebDriverWait(page, MAX_WAIT, 0.02).until(lambda _: re.search(pattern, element.text))
    return element.text


@pytest.mark.parametrize("digit", range(10))
def test_recognises_drawings(page: Chrome, digit: int) -> None:
    """Each digit, drawn with the mouse, gets the longest bar, and its 28x28 image is shown."""
    draw(page, digit)
    WebDriverWait(page, MAX_WAIT, 0.02).until(lambda _: answer(page).startswith(f"{digit},"))
    best = page.find_element(By.CSS_SELECTOR, "tr.best")
    assert best.text.startswith(str(digit))
    widths = [bar.size["width"] for bar in page.find_elements(By.CSS_SELECTOR, ".track span")]
    assert widths.index(max(widths)) == digit
    assert max(widths) > 0.5 * page.find_element(By.CLASS_NAME, "track").size["width"]
    size = page.execute_script(
        "const i = document.querySelector('#seen img'); return [i.naturalWidth, i.naturalHeight]"
    )
    assert size == [28, 28]


def test_says_which_model_reads(page: Chrome, model: Path) -> None:
    """The page shows the description of the model."""
    element = page.find_element(By.ID, "model")
    WebDriverWait(page, MAX_WAIT, 0.02).until(lambda _: element.text)
    assert element.text.startswith(f"{model}, the committed model: ")


def test_a_finger_draws(page: Chrome) -> None:
    """A finger draws as the mouse does."""
    draw(page, 3, POINTER_TOUCH)
    assert answer(page).startswith("3,")


def test_undo_and_clear(page: Chrome) -> None:
    """Undo removes one stroke, Clear removes all; both are disabled on an empty canvas."""
    draw(page, 1)
    assert answer(page).startswith("1,")
    draw(page, 4)
    page.find_element(By.ID, "undo").click()
    page.find_element(By.ID, "undo").click()
    WebDriverWait(page, MAX_WAIT, 0.02).until(lambda _: answer(page).startswith("1,"))
    page.find_element(By.ID, "clear").click()
    assert answer(page, "Nothing") == "Nothing drawn yet."
    assert not page.find_element(By.ID, "undo").is_enabled()
    assert not page.find_element(By.ID, "clear").is_enabled()


def test_the_keyboard_draws(page: Chrome) -> None:
    """Tab reaches the canvas, Space lowers the pen, arrow keys draw, Ctrl+Z undoes."""
    keys = ActionChains(page)
    keys.send_keys(Keys.TAB, *[Keys.ARROW_UP] * 15, Keys.SPACE, *[Keys.ARROW_DOWN] * 30, Keys.SPACE)
    keys.perform()
    assert page.switch_to.active_element.get_attribute("id") == "paper"
    assert answer(page).startswith("1,")
    ActionChains(page).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    assert answer(page, "Nothing")


def test_undo_ends_an_unfinished_stroke(page: Chrome) -> None:
    """Neither the keys nor a mouse that is still held down extend a removed stroke."""
    paper = page.find_element(By.ID, "paper")
    draw(page, 1)
    assert answer(page).startswith("1,")
    drawn_one = page.execute_script("return paper.toDataURL()")

    def undo() -> None:
        ActionChains(page).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()

    hold = ActionChains(page).move_to_element_with_offset(paper, -90, 0).click_and_hold()
    hold.move_by_offset(20, 20).perform()
    undo()
    ActionChains(page).move_by_offset(20, 20).release().perform()
    assert page.execute_script("return paper.toDataURL()") == drawn_one

    page.execute_script("paper.focus()")
    ActionChains(page).send_keys(Keys.SPACE, Keys.ARROW_DOWN, Keys.ARROW_DOWN).perform()
    undo()
    ActionChains(page).send_keys(*[Keys.ARROW_RIGHT] * 5, Keys.TAB).perform()
    assert page.execute_script("return paper.toDataURL()") == drawn_one


def test_a_chosen_picture_is_recognised(page: Chrome, tmp_path: Path) -> None:
    """The answer lists digits left to right; a file that is not a picture is an error."""
    drawn(3, 1, 4).save(tmp_path / "row.png")
    page.find_element(By.ID, "choose").send_keys(str(tmp_path / "row.png"))
    assert answer(page) == "3 1 4"
    page.find_elements(By.CSS_SELECTOR, "#seen button")[2].click()
    assert page.find_element(By.CSS_SELECTOR, "tr.best").text.startswith("4")
    (tmp_path / "text.png").write_text("not a picture")
    page.find_element(By.ID, "choose").send_keys(str(tmp_path / "text.png"))
    assert "not a picture in a known format" in answer(page, "^Could not")


def test_pasted_and_dropped_pictures_are_recognised(page: Chrome) -> None:
    """A pasted or dropped picture is recognised."""
    for event, transfer in (("paste", "clipboardData"), ("drop", "dataTransfer")):
        page.execute_async_script(
            """
            const [kind, transfer, done] = arguments;
            const canvas = new OffscreenCanvas(100, 100), ink = canvas.getContext("2d");
            ink.fillStyle = "#fff"; ink.fillRect(0, 0, 100, 100);
            ink.fillStyle = "#000"; ink.fillRect(46, 15, 9, 70);
            canvas.convertToBlob().then((blob) => {
              const data = new DataTransfer();
              data.items.add(new File([blob], "one.png", {type: "image/png"}));
              const event = new Event(kind, {bubbles: true, cancelable: true});
              event[transfer] = data;
              document.dispatchEvent(event);
              done();
            });
            """,
            event,
            transfer,
        )
        assert answer(page).startswith("1,")
        page.find_element(By.ID, "clear").click()


def test_fits_a_phone_and_loads_nothing_from_the_network(page: Chrome) -> None:
    """The page fits into 360 pixels, and every resource comes from its own server."""
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True},
    )
    draw(page, 5)
    assert answer(page).startswith("5,")
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    origins = page.execute_script(
        "return performance.getEntriesByType('resource')"
        ".map((entry) => new URL(entry.name)).filter((url) => url.protocol !== 'data:')"
        ".map((url) => url.origin)"
    )
    assert set(origins) == {page.execute_script("return location.origin")}


def test_controls_have_names(page: Chrome) -> None:
    """Each control has a name for screen readers, and they announce the answer."""
    for element in page.find_elements(By.CSS_SELECTOR, "button, input, canvas, table"):
        assert element.accessible_name, element.get_attribute("outerHTML")
    assert page.find_element(By.ID, "answer").get_attribute("aria-live") == "polite"
