"""Own pictures: read, left out, and split by their content."""

import hashlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures.files import PictureError
from pictures.labelled import digit_image
from stages.own_pictures import (
    OwnPicture,
    own_table,
    read_own_pictures,
    side,
    split_by_content,
)
from stages.shared.cli import StageError
from stages.shared.dataset import DataSet
from tests.app.conftest import drawn, encoded

CLASSES = tuple("0123456789")
DIGITS = DataSet("mnist", CLASSES)


def save(folder: Path, label: str, name: str, content: bytes) -> Path:
    """Write a file into the folder of its label."""
    path = folder / label / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def pictures(count: int) -> list[OwnPicture]:
    """Return pictures with the digests of a counter."""
    random = np.random.default_rng(0)
    return [
        OwnPicture(f"{i}.png", random.bytes(32).hex(), i % 10, np.zeros((28, 28), np.uint8))
        for i in range(count)
    ]


def test_pictures_become_images(tmp_path: Path) -> None:
    """Drawings in several formats become 28x28 images in the order of their digests."""
    for digit, kind in ((3, "PNG"), (4, "JPEG"), (5, "WEBP")):
        save(tmp_path, str(digit), f"a.{kind.lower()}", encoded(drawn(digit), kind))
    found = read_own_pictures(tmp_path, DIGITS)
    assert sorted(picture.label for picture in found) == [3, 4, 5]
    assert [picture.sha256 for picture in found] == sorted(picture.sha256 for picture in found)
    assert all(picture.image.shape == (28, 28) for picture in found)
    assert all(picture.image.max() == 255 for picture in found)


def test_an_image_in_mnists_form_stays_as_it_is() -> None:
    """What preprocess made of a picture is read back without a change."""
    image = digit_image(encoded(drawn(7)))
    np.testing.assert_array_equal(digit_image(encoded(Image.fromarray(image))), image)


def test_an_empty_folder_gives_empty_arrays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With no picture there are arrays with no image, an empty table and no progress to show."""
    (tmp_path / ".gitkeep").touch()
    found = read_own_pictures(tmp_path, DIGITS)
    assert capsys.readouterr().err == ""
    for data in split_by_content(found, 0.3).values():
        assert data.images.shape == (0, 28, 28, 1)
        assert data.images.dtype == data.labels.dtype == np.uint8
    assert list(own_table(found, CLASSES, 0.3)) == ["picture", "sha256", "label", "split"]


@given(
    contents=st.lists(st.binary(max_size=4), min_size=1, max_size=12, unique=True),
    fraction=st.floats(0, 1, exclude_max=True),
    data=st.data(),
)
def test_a_picture_never_changes_sides(
    contents: list[bytes], fraction: float, data: st.DataObject
) -> None:
    """Its content alone decides: not its name, its place, its label or what else is there."""
    chosen = data.draw(st.permutations(range(len(contents))))[: data.draw(st.integers(1, 12))]
    everything, some = (
        [
            OwnPicture(
                f"{name}{number}.png",
                hashlib.sha256(contents[number]).hexdigest(),
                (number + len(name)) % 10,
                np.full((28, 28), number, np.uint8),
            )
            for number in numbers
        ]
        for name, numbers in (("a", range(len(contents))), ("other", chosen))
    )
    before, after = (split_by_content(part, fraction) for part in (everything, some))
    for split, parts in after.items():
        numbers = parts.images[:, 0, 0, 0].tolist()
        assert set(numbers) == set(chosen) & set(before[split].images[:, 0, 0, 0].tolist())
        assert parts.labels.tolist() == [(number + 5) % 10 for number in numbers]
    table = own_table(some, CLASSES, fraction)
    for split, parts in after.items():
        rows = table[table["split"] == split]
        assert rows["label"].tolist() == [str(label) for label in parts.labels]
    assert sum(len(parts.labels) for parts in before.values()) == len(contents)


@pytest.mark.parametrize(
    ("sha256", "expected"),
    [
        ("0" * 64, "own_test"),
        ("7ff" + "0" * 61, "own_test"),
        ("8" + "0" * 63, "own_train"),
        ("f" * 64, "own_train"),
    ],
)
def test_half_of_all_digests_are_for_a_test_of_a_half(sha256: str, expected: str) -> None:
    """The digest, read as a binary fraction, is below the share: 0.7ff is below 0.5, 0.8 not."""
    assert side(OwnPicture("a.png", sha256, 0, np.zeros((28, 28), np.uint8)), 0.5) == expected


@pytest.mark.parametrize("fraction", [0, 0.3, 0.8])
def test_about_the_share_asked_for_is_tested(fraction: float) -> None:
    """Of 1,000 pictures the share differs from that by less than 5 %, over three deviations."""
    parts = split_by_content(pictures(1000), fraction)
    assert len(parts["own_test"].labels) == pytest.approx(1000 * fraction, abs=50 * (fraction > 0))


def test_a_picture_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    """A copy under another name adds nothing."""
    content = encoded(drawn(8))
    save(tmp_path, "8", "a.png", content)
    save(tmp_path, "8", "b.png", content)
    assert len(read_own_pictures(tmp_path, DIGITS)) == 1


@pytest.mark.parametrize(
    ("label", "name", "content", "reason"),
    [
        ("3", "empty.png", b"", "empty"),
        ("3", "text.png", b"no picture", "PNG, JPEG"),
        ("3", "cut.png", encoded(drawn(3))[:300], "damaged"),
        ("3", "blank.png", encoded(Image.new("L", (100, 100), 255)), "blank"),
        ("3", "row.png", encoded(drawn(1, 2)), "found 2 digits, expected one"),
        ("3", "notes.txt", b"", "not the name of a picture"),
        ("ten", "a.png", encoded(drawn(3)), "no class of the data set, expected one of 0, 1,"),
        ("3/deeper", "a.png", encoded(drawn(3)), "not the name of a picture"),
        (".", "a.png", encoded(drawn(3)), "not in a folder of its label, such as"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    label: str,
    name: str,
    content: bytes,
    reason: str,
) -> None:
    """One line says which picture is left out and why; the others are read, and counted."""
    save(tmp_path, "5", "good.png", encoded(drawn(5)))
    save(tmp_path, label, name, content)
    assert [picture.label for picture in read_own_pictures(tmp_path, DIGITS)] == [5]
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if "left out" in line]
    assert len(lines) == 1
    assert lines[0].lstrip("\r ").startswith(f"left out: {tmp_path / label.rstrip('.')}")
    assert reason in lines[0]
    assert re.search(rf"\r{tmp_path}: 100%.* 2/2 .*files/s\]", printed.err)
    assert printed.out == ""


def test_the_same_picture_under_two_labels_is_refused(tmp_path: Path) -> None:
    """Nobody can know which label is right."""
    three, eight = (save(tmp_path, label, "a.png", encoded(drawn(3))) for label in "38")
    with pytest.raises(StageError) as refused:
        read_own_pictures(tmp_path, DIGITS)
    assert str(refused.value) == (
        f"{eight}: found the same picture as {three}, expected one label for it; delete one of them"
    )


@pytest.mark.parametrize("found", ["nothing", "a file"])
def test_a_missing_folder_is_refused(tmp_path: Path, found: str) -> None:
    """The message says what to type."""
    folder = tmp_path / "own"
    if found == "a file":
        folder.touch()
    with pytest.raises(StageError) as refused:
        read_own_pictures(folder, DIGITS)
    assert str(refused.value) == (
        f"{folder}: found {found}, expected a folder; type `mkdir {folder}`"
    )


def test_a_turned_photo_is_upright() -> None:
    """The orientation that a camera wrote is followed."""
    picture, file = drawn(7), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    picture.rotate(90, expand=True).save(file, "PNG", exif=exif)
    difference = digit_image(file.getvalue()).astype(int) - digit_image(encoded(picture))
    assert np.abs(difference).mean() < 2


def test_two_digits_are_no_picture_of_one() -> None:
    """The reason counts them."""
    with pytest.raises(PictureError, match="found 2 digits, expected one"):
        digit_image(encoded(drawn(3, 4)))


def test_pictures_of_other_classes_are_taken_whole(tmp_path: Path) -> None:
    """Of clothes nothing is cut out: the picture is scaled as it is."""
    boot = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    save(tmp_path, "ankle boot", "a.png", encoded(Image.fromarray(boot)))
    (found,) = read_own_pictures(tmp_path, DataSet("clothes", ("ankle boot", "bag")))
    np.testing.assert_array_equal(found.image, boot)
