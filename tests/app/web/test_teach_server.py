"""The page's server with --teach, and the network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from app.own_folder import name_of
from tests.app.conftest import NAMES, Named, Server, drawn, encoded, images_in, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def taught(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """Give the page's server with --teach, and its folder, in which a picture is already."""
    tmp_path = tmp_path_factory.mktemp("taught")
    own = tmp_path / "data" / "own"
    for label, name, content in (
        ("3", "seven.png", encoded(drawn(7))),
        ("3", "row.png", encoded(drawn(1, 2))),
        ("3", "damaged.png", b"\x89PNG"),
    ):
        (own / label).mkdir(parents=True, exist_ok=True)
        (own / label / name).write_bytes(content)
    with serving(model, tmp_path, "--teach", str(own)) as server:
        yield server, own


def read(server: Server, content: bytes) -> dict[str, Any]:
    """Return the answer to a picture."""
    answer: dict[str, Any] = requests.post(f"{server.url}/read", content, timeout=100).json()
    return answer


def test_pictures_of_earlier_visits_are_known(taught: tuple[Server, Path]) -> None:
    """An answer goes by the folder's pictures from the start; others stay, byte for byte."""
    answer = read(taught[0], encoded(drawn(7)))
    assert (answer["text"], answer["digits"][0]["taught"]) == ("3", True)
    assert "taught" not in read(taught[0], encoded(drawn(4)))["digits"][0]


@pytest.mark.parametrize(
    ("kind", "suffix"), [("JPEG", ".jpg"), ("WEBP", ".webp"), ("TIFF", ".tif")]
)
def test_a_picture_is_saved_as_it_was_sent(
    taught: tuple[Server, Path], kind: str, suffix: str
) -> None:
    """The file has the very bytes, and the suffix of its real format."""
    server, own = taught
    content = encoded(drawn(5), kind)
    saved = requests.post(f"{server.url}/teach?label=6", content, timeout=100).json()
    assert saved["name"] == name_of(content, suffix)
    assert (own / "6" / saved["name"]).read_bytes() == content
    assert read(server, content)["text"] == "6"
    undo = {"label": "6", "name": saved["name"]}
    assert requests.post(f"{server.url}/teach/undo", json=undo, timeout=100).status_code == 200
    assert read(server, content)["text"] == "5"
    assert not (own / "6").exists()


def test_a_digit_of_a_row_is_saved_as_its_image(taught: tuple[Server, Path]) -> None:
    """The image that /read gave of a digit can be taught, and changes that digit of the row."""
    server, own = taught
    row = encoded(drawn(4, 2))
    image = read(server, row)["digits"][1]["image"].partition(",")[2]
    saved = requests.post(
        f"{server.url}/teach?label=0", json={"picture": image}, timeout=100
    ).json()
    [pixels] = images_in((own / "0" / saved["name"]).read_bytes())
    assert (pixels == images_in(row)[1]).all()
    answer = read(server, row)
    assert answer["text"] == "40"
    assert [digit.get("taught", False) for digit in answer["digits"]] == [False, True]


def test_other_classes_are_saved_alone(named: Named, tmp_path: Path) -> None:
    """With a model of other classes any picture is saved and taken back; answers stay."""
    own, content = tmp_path / "own", encoded(Image.new("L", (40, 30), 0))
    options = ("--classes", str(named.classes), "--teach", str(own))
    with serving(named.model, tmp_path, *options) as server:
        before = read(server, content)
        saved = requests.post(f"{server.url}/teach?label={NAMES[2]}", content, timeout=100).json()
        assert (own / NAMES[2] / saved["name"]).read_bytes() == content
        assert read(server, content) == before
        refused = requests.post(f"{server.url}/teach?label=3", content, timeout=100)
        assert refused.status_code == 422
        undo = {"label": NAMES[2], "name": saved["name"]}
        assert requests.post(f"{server.url}/teach/undo", json=undo, timeout=100).status_code == 200
    assert list(own.iterdir()) == []


@pytest.mark.parametrize("digits", [(1, 2), ()])
def test_a_picture_of_no_single_digit_is_not_saved(
    taught: tuple[Server, Path], digits: tuple[int, ...]
) -> None:
    """A row as a whole, or an empty sheet, teaches nothing."""
    server, own = taught
    content = encoded(drawn(*digits) if digits else drawn(1, ink="white"))
    answer = requests.post(f"{server.url}/teach?label=8", content, timeout=100)
    assert answer.status_code == 422
    assert f"found {len(digits)} digits" in answer.json()["error"]
    assert not (own / "8").exists()
