"""The page in a real browser, used as a person would use it."""

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageDraw
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.interaction import POINTER_TOUCH
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from app.class_reader import low_confidence
from app.rejection import confidence_reason, none_reason, row_reason
from pictures.box import Box
from pictures.layout import layout_reason, shape_reason
from tests.app.conftest import NAMES, STROKES, Server, drawn, encoded

pytestmark = pytest.mark.slow

MAX_WAIT = 100  # seconds, far more than any answer takes on a busy machine
Point = tuple[int, int]


@pytest.fixture
def page(browser: Chrome, server: Server) -> Chrome:
    """Open the page in a fresh state."""
    for command in ("clearDeviceMetricsOverride", "setEmulatedMedia"):
        browser.execute_cdp_cmd(f"Emulation.{command}", {})
    browser.get(server.url)
    return browser


def show_on(page: Chrome, width: int, height: int, ratio: float, mobile: bool) -> None:
    """Show the page on another screen: `ratio` is its pixels for one of CSS."""
    size = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": mobile}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def classes(part: WebElement) -> str:
    return part.get_attribute("class") or ""


def element(page: Chrome, name: str) -> WebElement:
    return page.find_element(By.ID, name)


def pen(
    page: Chrome, stroke: list[Point], *, scale: float = 3, kind: str = "mouse", ends: str = "du"
) -> None:
    """Move the pen along points in a square of 100; `ends`: put it d(own) first, u(p) at last."""
    paper = element(page, "paper")
    actions = ActionBuilder(page, mouse=PointerInput(kind, kind), duration=5)
    for index, (x, y) in enumerate(stroke):
        actions.pointer_action.move_to(paper, round(scale * (x - 50)), round(scale * (y - 50)))
        if index == 0 and "d" in ends:
            actions.pointer_action.pointer_down()
    if "u" in ends:
        actions.pointer_action.pointer_up()
    actions.perform()


def draw(page: Chrome, *digits: int, kind: str = "mouse", side: int = 300) -> None:
    """Draw digits side by side in the middle of the canvas, over `side` pixels."""
    count = len(digits)
    for index, digit in enumerate(digits):
        for stroke in STROKES[digit]:
            moved = [(x + 100 * index - 50 * (count - 1), y) for x, y in stroke]
            pen(page, moved, scale=side / 100 / count, kind=kind)


def wait(page: Chrome, condition: Callable[[], Any]) -> Any:
    """Wait until a condition holds, and return its value."""
    return WebDriverWait(page, MAX_WAIT, 0.02).until(lambda _: condition())


def answer(page: Chrome, pattern: str = r"^\d") -> str:
    """Wait for an answer that matches the pattern, and return it."""
    text = element(page, "answer")
    wait(page, lambda: re.search(pattern, text.text.replace("\n", " ")))
    return text.text.replace("\n", " ")


def press(page: Chrome, *keys: str) -> None:
    """Press keys together."""
    chain = ActionChains(page)
    for key in keys[:-1]:
        chain.key_down(key)
    chain.send_keys(keys[-1])
    for key in keys[:-1]:
        chain.key_up(key)
    chain.perform()


def sent(page: Chrome) -> Image.Image:
    """Return the picture that the page sends."""
    content = page.execute_async_script(
        """
        const done = arguments[0];
        import("./drawing.js").then(async (drawing) => {
          const reader = new FileReader();
          reader.onload = () => done(reader.result);
          reader.readAsDataURL(await drawing.content(drawing.state()));
        });
        """
    )
    return Image.open(io.BytesIO(base64.b64decode(content.partition(",")[2]))).convert("L")


def give(page: Chrome, kind: str, **data: str) -> None:
    """Drop or paste files, PNG as base64, or text under its media type."""
    page.execute_script(
        """
        const [kind, given] = arguments;
        const data = new DataTransfer();
        for (const [name, content] of Object.entries(given)) {
          if (name.includes("/")) data.setData(name, content);
          else {
            const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
            data.items.add(new File([bytes], name, {type: "image/png"}));
          }
        }
        const event = new Event(kind, {bubbles: true, cancelable: true});
        event[kind === "paste" ? "clipboardData" : "dataTransfer"] = data;
        document.dispatchEvent(event);
        """,
        kind,
        data,
    )


def as_base64(picture: Image.Image) -> str:
    """Return a picture as PNG in base64."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize("digit", range(10))
def test_recognises_drawings(page: Chrome, digit: int) -> None:
    """Each digit, drawn with the mouse, gets the longest bar, and its 28x28 image is shown."""
    draw(page, digit)
    wait(page, lambda: answer(page).startswith(f"{digit} "))
    wait(page, lambda: element(page, "visit").is_displayed())
    assert page.find_element(By.CSS_SELECTOR, "tr.best").text.startswith(str(digit))
    widths = page.execute_script(
        "return [...document.querySelectorAll('.track span')]"
        ".map((bar) => parseFloat(bar.style.width))"
    )
    assert widths.index(max(widths)) == digit
    assert max(widths) > 50
    size = page.execute_script(
        "const i = document.querySelector('#seen img'); return [i.naturalWidth, i.naturalHeight]"
    )
    assert size == [28, 28]


def test_says_which_model_reads(page: Chrome, model: Path) -> None:
    """The page shows the description of the model."""
    assert wait(page, lambda: element(page, "model").text).startswith(
        f"{model}, the committed model: "
    )


def test_answers_while_one_draws(page: Chrome) -> None:
    """Before the pen is lifted, a line is a 1 and then becomes a 7; only the last is announced."""
    *line, corner = reversed(STROKES[7][0])
    pen(page, line, ends="d")
    assert answer(page, "^1 ")
    pen(page, [corner], ends="")
    assert answer(page, "^7 ")
    spoken = "return announcement.textContent"
    assert page.execute_script(spoken) == ""
    pen(page, [corner], ends="u")
    wait(page, lambda: page.execute_script(spoken).startswith("7, "))


def test_a_finger_draws(page: Chrome) -> None:
    """A finger draws as the mouse does."""
    draw(page, 3, kind=POINTER_TOUCH)
    assert answer(page, "^3 ")


def test_a_tap_draws_a_dot(page: Chrome) -> None:
    """A tap draws a dot as wide as the pen, which is sent and answered."""
    pen(page, [(50, 50)])
    wait(page, lambda: element(page, "visit").is_displayed())
    picture = sent(page)
    assert picture.size == (400, 400)
    rows, columns = np.nonzero(np.asarray(picture) < 128)
    assert [np.ptp(rows), np.ptp(columns)] == pytest.approx([19, 19], abs=1)


def test_clear_undo_and_redo(page: Chrome) -> None:
    """Undo takes back a stroke or Clear, Redo repeats them, by button and by key."""
    assert not element(page, "undo").is_enabled()
    draw(page, 1)
    assert answer(page, "^1 ")
    one = page.execute_script("return paper.toDataURL()")
    element(page, "clear").click()
    assert answer(page, "^Cleared")
    assert not element(page, "clear").is_enabled()
    element(page, "undo").click()
    assert answer(page, "^1 ")
    assert page.execute_script("return paper.toDataURL()") == one
    press(page, Keys.CONTROL, "z")
    assert answer(page, "^Nothing drawn")
    assert not element(page, "undo").is_enabled()
    for keys in ([Keys.SHIFT, "z"], ["y"]):
        press(page, Keys.CONTROL, *keys)
    assert answer(page, "^Nothing drawn|^Cleared")
    assert not element(page, "redo").is_enabled()
    element(page, "undo").click()
    assert element(page, "redo").is_enabled()
    draw(page, 1)
    assert not element(page, "redo").is_enabled()


def test_the_keyboard_draws(page: Chrome) -> None:
    """Tab reaches the canvas, Space lowers the pen, arrow keys draw, Ctrl+Z undoes."""
    keys = ActionChains(page)
    keys.send_keys(Keys.TAB, *[Keys.ARROW_UP] * 15, Keys.SPACE, *[Keys.ARROW_DOWN] * 30, Keys.SPACE)
    keys.perform()
    assert page.switch_to.active_element.get_attribute("id") == "paper"
    assert answer(page, "^1 ")
    press(page, Keys.CONTROL, "z")
    assert answer(page, "Nothing")


def test_undo_ends_an_unfinished_stroke(page: Chrome) -> None:
    """Neither the keys nor a mouse that is still held down extend a removed stroke."""
    draw(page, 1)
    assert answer(page, "^1 ")
    drawn_one = page.execute_script("return paper.toDataURL()")
    pen(page, [(20, 50), (27, 57)], ends="d")
    press(page, Keys.CONTROL, "z")
    pen(page, [(34, 64)], ends="u")
    assert page.execute_script("return paper.toDataURL()") == drawn_one

    page.execute_script("paper.focus()")
    ActionChains(page).send_keys(Keys.SPACE, Keys.ARROW_DOWN, Keys.ARROW_DOWN).perform()
    press(page, Keys.CONTROL, "z")
    ActionChains(page).send_keys(*[Keys.ARROW_RIGHT] * 5, Keys.TAB).perform()
    assert page.execute_script("return paper.toDataURL()") == drawn_one


def test_one_pen_draws_at_a_time(page: Chrome) -> None:
    """The mouse lifts the pen of the keys, which stays up until the mouse is done."""
    page.execute_script("paper.focus()")
    ActionChains(page).send_keys(Keys.SPACE, Keys.ARROW_DOWN).perform()
    pen(page, [(20, 20), (20, 80)])
    drawn_both = page.execute_script("return paper.toDataURL()")
    press(page, Keys.ARROW_RIGHT)
    assert page.execute_script("return paper.toDataURL()") == drawn_both
    pen(page, [(80, 20), (80, 40)], ends="d")
    ActionChains(page).send_keys(Keys.SPACE, Keys.ARROW_RIGHT).perform()
    pen(page, [(80, 40), (80, 80)], ends="u")
    press(page, Keys.CONTROL, "z")
    assert page.execute_script("return paper.toDataURL()") == drawn_both


def test_the_focus_goes_from_a_disabled_button_to_the_paper(page: Chrome) -> None:
    """Who has pressed Clear, or Undo for the last time, goes on with the keyboard."""
    draw(page, 1)
    for name, focused in [("clear", "paper"), ("undo", "undo"), ("undo", "paper")]:
        page.execute_script(f"{name}.focus()")
        press(page, Keys.ENTER)
        assert page.execute_script("return document.activeElement.id") == focused


def test_few_pictures_can_be_undone(page: Chrome) -> None:
    """Undo keeps at most 24 different pictures, and drawings on one do not count again."""
    steps = page.execute_async_script(
        """
        const done = arguments[0];
        import("./drawing.js").then(({begin, canUndo, change, undo}) => {
          const states = [...Array(30)].map(() =>
            ({sheet: {}, strokes: [], picture: {bitmap: {}}}));
          const countSteps = () => {
            let steps = 0;
            for (; canUndo(); steps++) undo();
            return steps;
          };
          states.forEach(change);
          const many = countSteps();
          change(states[0]);
          for (let stroke = 0; stroke < 30; stroke++) begin([0, 0]);
          done([many, countSteps()]);
        });
        """
    )
    assert steps == [24, 31]


def test_a_chosen_picture_is_recognised(page: Chrome, tmp_path: Path) -> None:
    """Digits come left to right, each in its box; a file that is not a picture is an error."""
    drawn(3, 1, 4).save(tmp_path / "row.png")
    element(page, "choose").send_keys(str(tmp_path / "row.png"))
    assert answer(page).startswith("314 ")
    paper = element(page, "paper").rect
    for index, box in enumerate(page.find_elements(By.CSS_SELECTOR, "#boxes div")):
        left, right = box.rect["x"], box.rect["x"] + box.rect["width"]
        assert [int(3 * (x - paper["x"]) / paper["width"]) for x in (left, right)] == [index] * 2
        assert paper["height"] / 4 < box.rect["height"] < paper["height"] / 3
    page.find_elements(By.CSS_SELECTOR, "#seen button")[2].click()
    assert page.find_element(By.CSS_SELECTOR, "tr.best").text.startswith("4")
    (tmp_path / "text.png").write_text("not a picture")
    element(page, "choose").send_keys(str(tmp_path / "text.png"))
    assert "not a picture in a known format" in answer(page, "^This could not be read")


def test_drawing_goes_over_a_picture(page: Chrome) -> None:
    """What is drawn on a picture is added to it, in white on a dark one."""
    give(page, "paste", **{"one.png": as_base64(drawn(1, ink="white", paper="black"))})
    assert answer(page, "^1 ")
    pen(page, [(85, 20), (85, 80)])
    assert answer(page, "^11 ")


def test_a_late_answer_does_not_replace_a_newer_one(page: Chrome) -> None:
    """Who draws on a picture before it is read keeps the answer to the drawing in the list."""
    page.execute_script(
        """
        const {fetch} = window;
        const late = new Promise((resolve) => window.release = resolve);
        window.fetch = async (...request) => {
          window.fetch = fetch;
          const answer = await fetch(...request);
          await late;
          return answer;
        };
        """
    )
    give(page, "paste", **{"one.png": as_base64(drawn(1))})
    answer(page, "^Reading")
    pen(page, [(85, 20), (85, 80)])
    assert answer(page, "^11 ")
    entries = element(page, "entries")
    wait(page, lambda: entries.text == "11")
    page.execute_async_script("release(); setTimeout(arguments[0], 100)")
    assert entries.text == "11"


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "MPO"])
def test_reads_the_photos_of_phones(page: Chrome, tmp_path: Path, kind: str) -> None:
    """A photo is read also if the browser cannot show it."""
    pillow_heif.register_heif_opener()
    (tmp_path / f"photo.{kind.lower()}").write_bytes(encoded(drawn(2, 7), kind))
    element(page, "choose").send_keys(str(tmp_path / f"photo.{kind.lower()}"))
    assert answer(page, "^27 ")


def test_two_dropped_files_are_both_read(page: Chrome) -> None:
    """Each file's answer is in the list of this visit, and choosing one shows it again."""
    give(page, "drop", **{f"{digit}.png": as_base64(drawn(digit)) for digit in (2, 5)})
    assert "2 of 2 pictures were read" in wait(page, lambda: element(page, "note").text)
    assert answer(page, "^5 ")
    entries = page.find_elements(By.CSS_SELECTOR, "#entries button")
    assert [entry.text for entry in entries] == ["5", "2"]
    entries[1].click()
    assert answer(page, "^2 ")
    assert page.find_elements(By.CSS_SELECTOR, "#entries button[aria-current=true]") == [entries[1]]


def test_says_what_went_wrong_on_the_way(page: Chrome) -> None:
    """A proxy's answer is not taken for silence, and files beyond the 24th are counted."""
    page.execute_script(
        "window.fetch = async () => new Response('<html>Too large</html>', {status: 413})"
    )
    give(page, "drop", **{f"{number}.png": "" for number in range(26)})
    note = wait(page, lambda: element(page, "note").text)
    assert note.startswith("0 of 24 pictures were read.")
    assert note.endswith("Left out: 2. Choose at most 24 at once.")
    assert answer(page, "^This") == (
        "This could not be read: a proxy answered in place of the server, with status 413: "
        "the picture is too large for it."
    )


@pytest.mark.parametrize(
    ("kind", "media_type", "content", "words"),
    [
        ("paste", "text/plain", "seven", "You pasted text"),
        ("drop", "text/uri-list", "https://example.org/7.png", "You dropped a link"),
    ],
)
def test_text_and_links_are_answered_in_words(
    page: Chrome, kind: str, media_type: str, content: str, words: str
) -> None:
    """A pasted text or a dropped link is not a picture, and the page says so."""
    give(page, kind, **{media_type: content})
    assert wait(page, lambda: element(page, "note").text).startswith(words)


def test_boxes_and_images_are_highlighted_together(page: Chrome) -> None:
    """A box lies around each drawn digit; pointing at one marks its image, and the reverse."""
    draw(page, 4, 2)
    assert answer(page, "^42 ")
    boxes = page.find_elements(By.CSS_SELECTOR, "#boxes div")
    images = page.find_elements(By.CSS_SELECTOR, "#seen button")
    assert [box.text.split()[0] for box in boxes] == ["4", "2"]
    assert all(box.text.endswith("%") for box in boxes)
    # The path of the pen, which is 20 of 400 units wide, and 5 units around it.
    box, paper = boxes[1].rect, element(page, "paper").rect
    around = (20 / 2 + 5) / 400 * paper["width"]
    xs, ys = zip(*STROKES[2][0], strict=True)
    left = box["x"] - (paper["x"] + paper["width"] / 2)
    assert left == pytest.approx(1.5 * min(xs) - around, abs=4)
    assert box["width"] == pytest.approx(1.5 * (max(xs) - min(xs)) + 2 * around, abs=6)
    assert box["height"] == pytest.approx(1.5 * (max(ys) - min(ys)) + 2 * around, abs=6)

    ActionChains(page).move_to_element(images[0]).perform()
    assert "highlighted" in classes(boxes[0])
    ActionChains(page).move_to_element(boxes[1]).perform()
    assert ["highlighted" in classes(image) for image in images] == [False, True]
    images[1].click()
    assert "chosen" in classes(boxes[1])
    assert page.find_element(By.CSS_SELECTOR, "tr.best").text.startswith("2")


def test_why_shows_a_heat_map(page: Chrome) -> None:
    """Why? colours the image and says in words what matters; the next stroke takes it away."""
    draw(page, 4)
    assert answer(page, "^4 ")
    page.execute_script("why.focus()")
    press(page, Keys.ENTER)
    words = wait(page, lambda: element(page, "strongest").text)
    assert re.search(r"makes the 4 less likely, by \d+\.\d percentage points on average\.$", words)
    assert page.execute_script("return announcement.textContent") == words
    coloured = page.execute_script(
        "const {data} = map.getContext('2d').getImageData(0, 0, 28, 28);"
        "return data.filter((red, index) => index % 4 === 0 && red !== data[index + 2]).length"
    )
    assert coloured > 20
    pen(page, [(50, 50)])
    wait(page, lambda: not element(page, "heat").is_displayed())


def test_says_no_more_than_the_heat_map_shows(page: Chrome) -> None:
    """The words are about a mean over patches, and say where no spot speaks for the digit."""
    words = page.execute_async_script(
        """
        const done = arguments[0];
        import("./why.js").then(({explain}) => done([0.4, -0.4, 0.004].map((value) =>
          explain(Array(28 * 28).fill(0).with(14 * 28 + 6, value), 4))));
        """
    )
    assert words == [
        "The spot that matters most is at the left: emptying a patch around it makes the 4 less "
        "likely, by 40.0 percentage points on average.",
        "No spot speaks for the 4; the blue ones speak against it.",
        "No single spot decides: whichever is emptied, the 4 stays about as likely.",
    ]


@pytest.mark.parametrize("has_api", [True, False])
def test_copies_the_result(page: Chrome, has_api: bool) -> None:
    """The result is copied as text, also where pages have no clipboard API."""
    draw(page, 4, 2)
    assert answer(page, "^42 ")
    if not has_api:
        page.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.execute_script(
        "window.copies = [];"
        "document.addEventListener('copy', () => copies.push(String(getSelection())));"
        "if (navigator.clipboard) navigator.clipboard.writeText = async (text) => copies.push(text)"
    )
    wait(page, lambda: element(page, "copy").is_enabled())
    element(page, "copy").click()
    assert wait(page, lambda: element(page, "note").text).startswith("Copied: 42 (")
    [text] = page.execute_script("return copies")
    assert re.fullmatch(r"42 \(.* %\): 4 \(.* %\), 2 \(.* %\)", text)


def test_a_result_to_copy_by_hand_stays(page: Chrome) -> None:
    """Where the browser does not let the page copy, the result is shown until it is clicked."""
    draw(page, 1)
    assert answer(page, "^1 ")
    wait(page, lambda: element(page, "visit").is_displayed())
    page.execute_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
        "document.execCommand = () => false;"
        "window.setTimeout = (callback, _, ...given) => callback(...given)"
    )
    element(page, "copy").click()
    assert wait(page, lambda: element(page, "note").text).startswith("This browser does not let")
    element(page, "note").click()
    assert not element(page, "note").is_displayed()


def test_doubt_is_said_honestly(page: Chrome) -> None:
    """Neither 100 nor 0 % is said, a near runner-up is named, and refusals are in plain words."""
    words = page.execute_async_script(
        """
        const [reasons, done] = arguments;
        import("./words.js").then(({percent, describe}) => {
          const digit = (four, nine) => ({digit: 4, confidence: four,
            probabilities: [0, 0, 0, 0, four, 0, 0, 0, 0, nine]});
          const say = (text, ...digits) => Object.values(
            describe({digits, text, confidence: 0.5, reason: ""})).join(" ");
          done([percent(1), percent(0.9994), percent(0.0001), say("4", digit(0.6, 0.39)),
            say("4,-4", digit(0.6, 0.39), digit(1, 0)),
            say("4", digit(0.9, 0.1)), say("-4.4", digit(1, 0), digit(0.97, 0.03)),
            ...reasons.map((reason) => describe({digits: [], reason}).detail)]);
        });
        """,
        ["the writing is in several rows, expected a single row", "something new"],
    )
    assert words == [
        "over 99.9 %",
        "99.9 %",
        "under 0.1 %",
        "4? could be 4 or 9",
        "4?,-4 4 could be 9, 50.0 % sure of the whole row",
        "4 90.0 % sure",
        "-4.4 50.0 % sure of the whole row",
        "The digits are below each other. Put them side by side, in one line.",
        "No digit: something new.",
    ]


def test_each_reason_has_its_words(page: Chrome) -> None:
    """Each reason of pictures/layout.py and app/rejection.py is said in plain words."""
    none = np.array([0.9])
    reasons = [
        none_reason(none, is_mnist_form=False),
        row_reason(0.5, np.array([1.0]), []),
        row_reason(0.2, 1 - none, []),
        confidence_reason(np.full((1, 10), 0.1)),
        layout_reason(np.zeros((9, 9), bool), []),
        layout_reason(np.ones((9, 9), bool), []),
        layout_reason(np.ones((9, 9), bool), [Box(0, 0, 9, 1)]),
        layout_reason(np.ones((9, 9), bool), [Box(0, 0, 9, 4), Box(0, 5, 9, 9)]),
        layout_reason(np.ones((9, 9), bool), [Box(0, 0, 9, 9)] * 21),
        shape_reason([np.full((28, 28), 255, np.uint8)]),
        low_confidence(np.full(3, 0.3, np.float32), "ankle boot"),
    ]
    assert all(reasons)
    words = page.execute_async_script(
        """
        const [reasons, done] = arguments;
        import("./words.js").then(({refusal}) => done(reasons.map((reason) => refusal({reason}))));
        """,
        reasons,
    )
    assert len({*words}) == len(words)
    assert not [text for text in words if text.startswith("No digit:")]
    assert words[2].startswith("Hard to tell: several digits, but only 20 % sure which.")


def test_a_touching_row_and_its_marks_are_read(page: Chrome, tmp_path: Path) -> None:
    """Digits that touch are told apart, and the text has the comma that stands in the row."""
    for left, digit in ((22, 4), (48, 2)):
        for stroke in STROKES[digit]:
            pen(page, [(round(left + 0.55 * (x - 26)), round(20 + 0.6 * y)) for x, y in stroke])
    assert answer(page, r"^42 .* sure of the whole row$")
    wait(page, lambda: element(page, "visit").is_displayed())
    assert len(page.find_elements(By.CSS_SELECTOR, "#boxes div")) == 2
    components, _ = cv2.connectedComponents((np.asarray(sent(page)) < 128).astype(np.uint8))
    assert components == 2, "the paper, and digits that touch"

    row = drawn(1, 2, 5, 0)
    ImageDraw.Draw(row).line([(200, 80), (194, 98)], "black", 8)
    row.save(tmp_path / "price.png")
    element(page, "choose").send_keys(str(tmp_path / "price.png"))
    assert answer(page, r"^12,50 .* sure of the whole row$")
    assert len(page.find_elements(By.CSS_SELECTOR, "#seen button")) == 4


def test_a_letter_is_no_digit(page: Chrome) -> None:
    """A letter is refused in plain words, its box says so, and so does a bar below the ten."""
    pen(page, [(70, 12), (30, 12), (30, 88), (70, 88)])
    pen(page, [(30, 50), (62, 50)])
    answer(page, "^That looks like no digit")
    wait(page, lambda: element(page, "visit").is_displayed())
    [box] = page.find_elements(By.CSS_SELECTOR, "#boxes div")
    assert box.text.startswith("no digit ")
    [row] = page.find_elements(By.CSS_SELECTOR, "tfoot tr")
    assert row.text.startswith("no digit\n")
    [bar] = row.find_elements(By.CSS_SELECTOR, ".track span")
    assert float(re.sub("[^0-9.]", "", bar.get_attribute("style") or "")) > 50
    assert not element(page, "copy").is_enabled()


def test_other_classes_are_named(page: Chrome, named_server: Server) -> None:
    """With a model of other classes all parts of the page have names, and none speaks of digits."""
    show_on(page, 400, 800, 1, mobile=False)
    page.get(named_server.url)
    wait(page, lambda: element(page, "title").text == "Draw or choose a picture")
    give(page, "paste", **{"a.png": as_base64(Image.new("L", (40, 40), 0))})
    assert answer(page, "sure$") == "ankle boot 99.9 % sure"
    give(page, "paste", **{"a.png": as_base64(Image.new("L", (40, 40), 191))})
    assert answer(page, "could be .* or ").startswith((f"{NAMES[1]}? ", f"{NAMES[2]}? "))
    wait(page, lambda: len(element(page, "entries").find_elements(By.TAG_NAME, "button")) == 2)
    assert [row.text for row in page.find_elements(By.CSS_SELECTOR, "#bars th")] == [*NAMES]
    widths = [row.size["width"] for row in page.find_elements(By.CSS_SELECTOR, "#bars .track")]
    assert min(widths) > 90
    element(page, "why").click()
    wait(page, lambda: element(page, "strongest").text)
    assert panels(page) == [2, 1]
    text = page.find_element(By.TAG_NAME, "body").text
    assert not re.search("digit", text, re.IGNORECASE)
    assert page.execute_script("return document.documentElement.scrollWidth") <= 400


def test_many_classes_show_the_likeliest(page: Chrome) -> None:
    """Of 26 letters the ten likeliest have bars, the likeliest first."""
    bars = page.execute_async_script(
        """
        const done = arguments[0];
        Promise.all([import("./classes.js"), import("./result.js")]).then(([classes, result]) => {
          classes.useClasses([..."abcdefghijklmnopqrstuvwxyz"]);
          const probabilities = Array(26).fill(0.01).with(25, 0.6).with(7, 0.16);
          const digit = { digit: 25, confidence: 0.6, probabilities, none: null };
          Object.assign(digit, { box: [0, 0, 9, 9], image: "" });
          const all = { text: "z", confidence: 0.6, reason: "", width: 9, height: 9 };
          result.showAnswer({ ...all, digits: [digit] });
          done([document.getElementById("caption").textContent,
            ...[...document.querySelectorAll("#bars th")].map((name) => name.textContent)]);
        });
        """
    )
    assert bars[0] == "Probability of the 10 likeliest of 26 classes: z is likeliest"
    assert bars[1:] == [*"zhabcdefgi"]


def panels(page: Chrome) -> list[float]:
    """Press Steps, and return how many panels are shown, across and down."""
    wait(page, lambda: element(page, "steps").is_enabled())
    element(page, "steps").click()
    wait(page, lambda: element(page, "drawn-steps").is_displayed())
    size = "const i = arguments[0]; return i.naturalWidth && [i.naturalWidth, i.naturalHeight]"
    width, height = wait(page, lambda: page.execute_script(size, element(page, "drawn-steps")))
    return [width / 172, height / 196]


def test_steps_are_drawn(page: Chrome) -> None:
    """Steps shows the panels of what is on the sheet, also of a refused one, until it changes."""
    assert not element(page, "steps").is_enabled()
    for stroke in ([(10, 20), (80, 20)], [(10, 80), (80, 80)]):
        pen(page, stroke)
    answer(page, "^The digits are below each other")
    assert panels(page) == [5, 1]
    element(page, "clear").click()
    assert not element(page, "panels").is_displayed()
    draw(page, 4)
    assert answer(page, "^4 ")
    assert panels(page) == [5, 2]
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    element(page, "steps").click()
    assert not element(page, "panels").is_displayed()


def test_says_why_there_are_no_steps(page: Chrome) -> None:
    """An error of the server stands where the steps would be."""
    draw(page, 4)
    assert answer(page, "^4 ")
    wait(page, lambda: element(page, "visit").is_displayed())
    page.execute_script(
        """window.fetch = async () => new Response('{"error": "busy"}', {status: 503})"""
    )
    element(page, "steps").click()
    words = wait(page, lambda: element(page, "steps-words").text)
    assert words == "The steps could not be drawn: busy."
    assert not element(page, "drawn-steps").is_displayed()
    assert page.execute_script("return announcement.textContent") == words


def test_fits_a_phone_and_loads_nothing_from_the_network(page: Chrome) -> None:
    """On 360x740 nothing overlaps, the result stays in view, and all comes from the own server."""
    show_on(page, 360, 740, 2, mobile=True)
    paper = element(page, "paper").rect
    draw(page, 5)
    assert answer(page, "^5 ")
    wait(page, lambda: element(page, "visit").is_displayed())
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    assert element(page, "paper").rect == paper, "the sheet moves under the pen"
    for button in page.find_elements(By.CSS_SELECTOR, ".buttons > *"):
        if button.is_displayed():
            assert button.rect["y"] >= paper["y"] + paper["height"] + 8
    result = element(page, "result")
    assert result.rect["y"] + result.rect["height"] <= paper["y"]
    page.execute_script("scrollTo(0, 300)")
    assert page.execute_script("return result.getBoundingClientRect().top") == 0
    origins = page.execute_script(
        "return performance.getEntriesByType('resource')"
        ".map((entry) => new URL(entry.name)).filter((url) => url.protocol !== 'data:')"
        ".map((url) => url.origin)"
    )
    assert set(origins) == {page.execute_script("return location.origin")}


def test_the_result_is_in_view_at_twice_the_size(page: Chrome) -> None:
    """At 200 % zoom of a 1200x900 window the result and the whole sheet are seen together."""
    show_on(page, 600, 450, 2, mobile=False)
    draw(page, 5, side=200)
    assert answer(page, "^5 ")
    bottom = page.execute_script("return paper.getBoundingClientRect().bottom")
    assert bottom <= 450
    assert element(page, "result").rect["y"] >= 0


def test_lines_are_sharp_on_a_fine_screen(page: Chrome) -> None:
    """The canvas has a pixel for each of the screen's; what is sent keeps its size."""
    show_on(page, 1000, 900, 2, mobile=False)
    wait(page, lambda: page.execute_script("return paper.width === 2 * paper.clientWidth"))
    draw(page, 1)
    assert answer(page, "^1 ")
    assert sent(page).size == (400, 400)


def test_bars_are_seen_in_forced_colours(page: Chrome) -> None:
    """Where the system takes the backgrounds away, the bars keep theirs; nothing is animated."""
    features = [
        {"name": "forced-colors", "value": "active"},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    draw(page, 7)
    assert answer(page, "^7 ")
    bar, track = (
        page.find_element(By.CSS_SELECTOR, f"tr.best {name}") for name in (".track span", ".track")
    )
    colours = [part.value_of_css_property("background-color") for part in (bar, track)]
    assert colours[0] != colours[1]
    assert bar.value_of_css_property("transition-duration") == "0s"


def test_controls_have_names(page: Chrome) -> None:
    """Each control has a name for screen readers, and answers are announced."""
    for control in page.find_elements(By.CSS_SELECTOR, "button, input, canvas, table"):
        if control.is_displayed():
            assert control.accessible_name, control.get_attribute("outerHTML")
    assert element(page, "announcement").aria_role == "status"
