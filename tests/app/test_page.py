"""The page in a real browser, drawn on as a person would."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.interaction import POINTER_TOUCH
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.app.conftest import STROKES, Server, drawn

pytestmark = pytest.mark.slow

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
DRIVER = shutil.which("chromedriver") or ""
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,900",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Give a headless Chromium with an empty profile."""
    if not (BROWSER and DRIVER):
        pytest.skip("no Chromium and chromedriver here: the page was not tested in a browser")
    options = ChromeOptions()
    options.binary_location = BROWSER
    for option in [*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(option)
    driver = Chrome(options, Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Chrome, server: Server) -> Chrome:
    """Open the page anew."""
    browser.get(server.url)
    return browser


def draw(page: Chrome, digit: int, kind: str = "mouse") -> None:
    """Draw a digit's strokes with a mouse or a finger, in the middle of the paper."""
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
    """Wait for the answer, and return it."""
    element = page.find_element(By.ID, "answer")
    WebDriverWait(page, 5, 0.02).until(lambda _: re.search(pattern, element.text))
    return element.text


@pytest.mark.parametrize("digit", range(10))
def test_reads_what_is_drawn(page: Chrome, digit: int) -> None:
    """Each digit, by the mouse; its bar is the longest, and the 28x28 is shown."""
    draw(page, digit)
    WebDriverWait(page, 5, 0.02).until(lambda _: answer(page).startswith(f"{digit},"))
    best = page.find_element(By.CSS_SELECTOR, "tr.best")
    assert best.text.startswith(str(digit))
    widths = [bar.size["width"] for bar in page.find_elements(By.CSS_SELECTOR, ".track span")]
    assert widths.index(max(widths)) == digit
    assert max(widths) > 0.5 * page.find_element(By.CLASS_NAME, "track").size["width"]
    size = page.execute_script(
        "const i = document.querySelector('#seen img'); return [i.naturalWidth, i.naturalHeight]"
    )
    assert size == [28, 28]


def test_a_finger_draws(page: Chrome) -> None:
    """Touch draws as the mouse does, and does not scroll the page."""
    draw(page, 3, POINTER_TOUCH)
    assert answer(page).startswith("3,")


def test_answers_at_once(page: Chrome) -> None:
    """From lifting the pen to the shown answer takes at most 0.2 s, in the median of five."""
    page.execute_script(
        "window.times = [];"
        "document.getElementById('paper').addEventListener('pointerup', () => {"
        "  const lifted = performance.now();"
        "  new MutationObserver((_, me) => {"
        "    window.times.push(performance.now() - lifted); me.disconnect(); })"
        "  .observe(document.getElementById('seen'), {childList: true}); });"
    )
    for number in range(1, 6):
        draw(page, 7)
        WebDriverWait(page, 5, 0.02).until(
            lambda _: len(page.execute_script("return window.times")) >= number  # noqa: B023
        )
    times = sorted(page.execute_script("return window.times"))
    assert times[2] < 200, times


def test_undo_and_clear(page: Chrome) -> None:
    """Undo takes the last stroke back, clear all; both buttons are off when there is nothing."""
    draw(page, 1)
    assert answer(page).startswith("1,")
    draw(page, 4)
    page.find_element(By.ID, "undo").click()
    page.find_element(By.ID, "undo").click()
    WebDriverWait(page, 5, 0.02).until(lambda _: answer(page).startswith("1,"))
    page.find_element(By.ID, "clear").click()
    assert answer(page, "Nothing") == "Nothing drawn yet."
    assert not page.find_element(By.ID, "undo").is_enabled()
    assert not page.find_element(By.ID, "clear").is_enabled()


def test_the_keyboard_draws(page: Chrome) -> None:
    """Tab reaches the paper, Space puts the pen down, arrows draw, Control and Z takes back."""
    keys = ActionChains(page)
    keys.send_keys(Keys.TAB, *[Keys.ARROW_UP] * 15, Keys.SPACE, *[Keys.ARROW_DOWN] * 30, Keys.SPACE)
    keys.perform()
    assert page.switch_to.active_element.get_attribute("id") == "paper"
    assert answer(page).startswith("1,")
    ActionChains(page).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    assert answer(page, "Nothing")


def test_a_stroke_taken_back_goes_on_no_longer(page: Chrome) -> None:
    """Neither by keys nor by a mouse still held down: what is there stays as it was drawn."""
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


def test_a_chosen_picture_is_read(page: Chrome, tmp_path: Path) -> None:
    """A file is read, several digits left to right; one that is no picture is told so."""
    drawn(3, 1, 4).save(tmp_path / "row.png")
    page.find_element(By.ID, "choose").send_keys(str(tmp_path / "row.png"))
    assert answer(page) == "3 1 4"
    page.find_elements(By.CSS_SELECTOR, "#seen button")[2].click()
    assert page.find_element(By.CSS_SELECTOR, "tr.best").text.startswith("4")
    (tmp_path / "text.png").write_text("no picture")
    page.find_element(By.ID, "choose").send_keys(str(tmp_path / "text.png"))
    assert "no picture in a known format" in answer(page, "^Could not")


def test_pasted_and_dropped_pictures_are_read(page: Chrome) -> None:
    """What the clipboard or a drag holds is read, too."""
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


def test_fits_a_phone_and_asks_nothing_of_the_network(page: Chrome) -> None:
    """At 360 pixels nothing sticks out; every resource is the server's own."""
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
    """Each control has a name for a screen reader, and the answer is announced."""
    for element in page.find_elements(By.CSS_SELECTOR, "button, input, canvas, table"):
        assert element.accessible_name, element.get_attribute("outerHTML")
    assert page.find_element(By.ID, "answer").get_attribute("aria-live") == "polite"
