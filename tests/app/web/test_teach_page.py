"""What the page does with corrections, in a real browser."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.app.conftest import NAMES, Named, Server, drawn, encoded, images_in, serving
from tests.app.web.test_page import (
    answer,
    as_base64,
    draw,
    element,
    give,
    page,
    press,
    show_on,
    wait,
)

pytestmark = pytest.mark.slow
__all__ = ["page"]  # a fixture: the page of a server that is not taught


@pytest.fixture(scope="module")
def taught(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """Give the page's server with --teach, and the folder that it saves in."""
    tmp_path = tmp_path_factory.mktemp("taught")
    own = tmp_path / "data" / "own"
    with serving(model, tmp_path, "--teach", str(own)) as server:
        yield server, own


@pytest.fixture
def lesson(browser: Chrome, taught: tuple[Server, Path]) -> Iterator[tuple[Chrome, Path]]:
    """Open the page of the server that is taught; what a test has saved is taken back."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(taught[0].url)
    yield browser, taught[1]
    for _ in entries(browser):
        take_back(browser)


def entries(page: Chrome) -> list[WebElement]:
    return page.find_elements(By.CSS_SELECTOR, "#corrections li")


def correct(page: Chrome, label: int) -> None:
    """Say what the chosen digit was."""
    wait(page, lambda: element(page, "wrong").is_enabled())
    element(page, "wrong").click()
    page.find_elements(By.CSS_SELECTOR, "#choices button")[label].click()
    wait(page, lambda: element(page, "outcome").text)


def take_back(page: Chrome) -> None:
    """Take back the newest correction."""
    before = len(entries(page))
    entries(page)[0].find_element(By.TAG_NAME, "button").click()
    wait(page, lambda: len(entries(page)) == before - 1)


def words_on(page: Chrome) -> str:
    """Return what the page says of all corrections."""
    return element(page, "teach-words").text


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def name_of(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()[:16]}.png"


def test_a_correction_is_saved_and_taken_back(lesson: tuple[Chrome, Path]) -> None:
    """The drawing is saved as it was sent, the answer follows, and undo takes both back."""
    page, own = lesson
    draw(page, 7)
    assert answer(page, "^7 ")
    correct(page, 1)
    assert answer(page, "^1 .*as you taught it$")
    [(path, content)] = files(own).items()
    assert path == f"1/{name_of(content)}"
    assert Image.open(io.BytesIO(content)).size == (400, 400)
    [entry] = entries(page)
    assert entry.text.startswith("1, read as 7. ")
    assert path in entry.text
    assert element(page, "outcome").text == f"Saved as {own}/{path}."
    assert f"Copy {own} to data/own in the project's folder, type dvc repro, " in words_on(page)
    assert not element(page, "download").is_displayed()
    take_back(page)
    assert answer(page, r"^7 [^,]* sure$")
    assert list(own.iterdir()) == []
    assert not element(page, "taught").is_displayed()
    assert page.switch_to.active_element.get_attribute("id") == "paper"
    draw(page, 1)
    wait(page, lambda: not element(page, "outcome").text)


def test_a_second_correction_moves_the_first(lesson: tuple[Chrome, Path]) -> None:
    """The same drawing with another label is still one file and one entry."""
    page, own = lesson
    draw(page, 7)
    assert answer(page, "^7 ")
    for label in (1, 2):
        correct(page, label)
        assert answer(page, f"^{label} ")
    assert [path[0] for path in files(own)] == ["2"]
    assert len(entries(page)) == 1


def test_a_digit_of_a_row_is_corrected(lesson: tuple[Chrome, Path]) -> None:
    """The chosen digit of a row is saved as its image of 28x28, and changes in the row."""
    page, own = lesson
    draw(page, 4, 2)
    assert answer(page, "^42 ")
    wait(page, lambda: element(page, "visit").is_displayed())
    page.find_elements(By.CSS_SELECTOR, "#seen button")[1].click()
    correct(page, 0)
    assert answer(page, "^40 ")
    [(path, content)] = files(own).items()
    assert path.startswith("0/")
    assert Image.open(io.BytesIO(content)).size == (28, 28)


def test_a_picture_is_saved_as_its_file(lesson: tuple[Chrome, Path], tmp_path: Path) -> None:
    """Of a picture that was chosen, its own bytes are saved."""
    page, own = lesson
    content = encoded(drawn(5, ink="darkblue"))
    (tmp_path / "five.png").write_bytes(content)
    element(page, "choose").send_keys(str(tmp_path / "five.png"))
    assert answer(page, "^5 ")
    correct(page, 6)
    assert answer(page, "^6 ")
    assert files(own) == {f"6/{name_of(content)}": content}


def test_the_keyboard_corrects(lesson: tuple[Chrome, Path]) -> None:
    """Every step of a correction has a key and a name; the focus stays where it was used."""
    page, own = lesson
    draw(page, 7)
    assert answer(page, "^7 ")
    wait(page, lambda: element(page, "wrong").is_enabled())
    page.execute_script("wrong.focus()")
    press(page, Keys.ENTER)
    assert element(page, "wrong").get_attribute("aria-expanded") == "true"
    assert element(page, "choices").accessible_name == "Read as 7. It was …"
    press(page, Keys.TAB)
    press(page, Keys.TAB)
    press(page, Keys.ENTER)
    assert answer(page, "^1 ")
    wait(page, lambda: entries(page))
    assert page.switch_to.active_element.get_attribute("id") == "wrong"
    undo = entries(page)[0].find_element(By.TAG_NAME, "button")
    assert undo.accessible_name.startswith("Take back: ")
    assert len(files(own)) == 1


def test_an_error_of_the_folder_is_shown(lesson: tuple[Chrome, Path]) -> None:
    """If nothing can be written, the page says why, and lists no correction."""
    page, own = lesson
    draw(page, 7)
    assert answer(page, "^7 ")
    own.mkdir(parents=True, exist_ok=True)
    (own / "3").symlink_to(own)
    try:
        wait(page, lambda: element(page, "wrong").is_enabled())
        element(page, "wrong").click()
        page.find_elements(By.CSS_SELECTOR, "#choices button")[3].click()
        outcome = wait(page, lambda: element(page, "outcome").text)
        assert outcome.startswith("The correction was not saved: ")
        assert "a link; expected a folder to write in" in outcome
        assert entries(page) == []
    finally:
        (own / "3").unlink()


def test_other_classes_are_corrected(browser: Chrome, named: Named, tmp_path: Path) -> None:
    """The classes that can have a folder are offered, and the picture is saved whole."""
    own = tmp_path / "own"
    options = ("--classes", str(named.classes), "--teach", str(own))
    with serving(named.model, tmp_path, *options) as server:
        browser.get(server.url)
        wait(browser, lambda: element(browser, "title").text == "Draw or choose a picture")
        give(browser, "paste", **{"a.png": as_base64(Image.new("L", (40, 30), 0))})
        assert answer(browser, "sure$").startswith("ankle boot ")
        correct(browser, 1)
        assert element(browser, "it-was").get_attribute("textContent") == (
            "Read as ankle boot. It was …"
        )
        choices = browser.find_elements(By.CSS_SELECTOR, "#choices button")
        assert [choice.get_attribute("textContent") for choice in choices] == [NAMES[0], NAMES[2]]
        [(path, content)] = files(own).items()
        assert path == f"{NAMES[2]}/{name_of(content)}"
        assert Image.open(io.BytesIO(content)).size == (40, 30)
        assert entries(browser)[0].text.startswith(f"{NAMES[2]}, read as ankle boot. ")
        assert words_on(browser).startswith("They are saved. Copy ")
        take_back(browser)
        assert files(own) == {}


def test_without_teaching_corrections_are_downloaded(page: Chrome, tmp_path: Path) -> None:
    """A ZIP has them in the folders of the project, without what was taken back."""
    page.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    show_on(page, 400, 900, 1, mobile=False)
    draw(page, 7, side=180)
    assert answer(page, "^7 ")
    for label in (2, 1):
        correct(page, label)
    assert answer(page, "^7 "), "the server learns nothing"
    element(page, "clear").click()
    draw(page, 4, 2, side=200)
    assert answer(page, "^42 ")
    wait(page, lambda: element(page, "wrong").is_enabled())
    correct(page, 9)
    assert len(entries(page)) == 2
    assert "Unpack the ZIP in the project's folder, type dvc repro, " in words_on(page)
    element(page, "download").click()
    archive = tmp_path / "corrections.zip"
    wait(page, archive.exists)
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        unpacked = {name: opened.read(name) for name in opened.namelist()}
    assert len(unpacked) == 2
    labels = {}
    for name, content in unpacked.items():
        data, own, kind, file = name.split("/")
        assert (data, own, file) == ("data", "own", name_of(content))
        labels[kind] = Image.open(io.BytesIO(content)).size
    assert labels == {"1": (400, 400), "9": (28, 28)}
    assert len(images_in(unpacked[next(name for name in unpacked if "/1/" in name)])) == 1

    take_back(page)
    archive.unlink()
    element(page, "download").click()
    wait(page, archive.exists)
    assert [name[:11] for name in zipfile.ZipFile(archive).namelist()] == ["data/own/1/"]
    take_back(page)
    assert not element(page, "taught").is_displayed()


def test_names_and_check_sums_are_right(page: Chrome) -> None:
    """SHA-256 and CRC-32 in the page agree with Python's for bytes of many lengths."""
    for size in (0, 1, 55, 56, 63, 64, 65, 1000, 100_000):
        content = bytes(place * 7 % 251 for place in range(size))
        made = page.execute_async_script(
            """
            const [size, done] = arguments;
            const bytes = Uint8Array.from({length: size}, (_, place) => place * 7 % 251);
            Promise.all([import("./sha256.js"), import("./zip.js")]).then(([sha, zip]) =>
              done([sha.sha256(bytes), zip.crc32(bytes)]));
            """,
            size,
        )
        assert made == [hashlib.sha256(content).hexdigest(), zlib.crc32(content)]


def test_corrections_fit_a_phone(page: Chrome) -> None:
    """On 360 pixels nothing is wider than the window, or lies over the list."""
    show_on(page, 360, 740, 2, mobile=True)
    draw(page, 7)
    assert answer(page, "^7 ")
    wait(page, lambda: element(page, "wrong").is_enabled())
    element(page, "wrong").click()
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    rows = {element(page, name).location["y"] for name in ("why", "steps", "copy", "wrong")}
    assert len(rows) == 1
    page.find_elements(By.CSS_SELECTOR, "#choices button")[1].click()
    wait(page, lambda: entries(page))
    assert page.execute_script("return document.documentElement.scrollWidth") <= 360
    assert not element(page, "note").is_displayed()


def test_in_the_project_one_command_teaches(page: Chrome) -> None:
    """If corrections are saved in data/own itself, the page says to type `dvc repro` alone."""
    text = page.execute_async_script(
        """
        const done = arguments[0];
        import("./teach.js").then((teach) => {
          teach.offerTeaching("data/own", () => {});
          done(document.getElementById("teach-words").textContent);
        });
        """
    )
    assert text.endswith(
        "from now on. In the project's folder, type dvc repro, and the network learns them."
    )
