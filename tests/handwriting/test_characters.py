"""The stage that makes the images, with a small number of them."""

from pathlib import Path

import numpy as np
import pytest

from handwriting.characters import draw_samples
from handwriting.chunks import CHUNK, Chunk, chunks, make
from handwriting.kinds import Material
from handwriting.likeness import Likeness
from handwriting.settings import Characters, Network, load
from stages.download import split_digits
from stages.shared.cli import StageError

SETTINGS = Characters(
    seed=0,
    validation_share=0.1,
    corrupted_share=0.2,
    likeness_share=0.8,
    images={"signs": 1100, "drawn digits": 20},
)


@pytest.fixture(scope="module")
def material() -> Material:
    """Return scikit-learn's digits and no fonts."""
    images, labels = split_digits()["train"]
    return Material(images, labels, {})


def test_chunks_cover_the_wanted_images() -> None:
    """Kind after kind, in chunks of 500; the validation split has its share."""
    assert chunks(SETTINGS, "train") == [
        Chunk("train", "signs", 0, CHUNK),
        Chunk("train", "signs", 500, CHUNK),
        Chunk("train", "signs", 1000, 100),
        Chunk("train", "drawn digits", 0, 20),
    ]
    assert [chunk.images for chunk in chunks(SETTINGS, "validation")] == [110, 2]


def test_a_chunk_depends_on_its_seed_alone(material: Material) -> None:
    """The same chunk gives the same images, another one others."""
    likeness = Likeness(material.digits[:200], 0.8)
    chunk = Chunk("train", "random characters", 0, 20)
    once, again = (make(chunk, material, likeness, SETTINGS) for _ in range(2))
    np.testing.assert_array_equal(once.images, again.images)
    for other in (chunk._replace(split="validation"), chunk._replace(start=500)):
        images = make(other, material, likeness, SETTINGS).images
        assert images.shape != once.images.shape or (images != once.images).any()


def test_what_is_as_near_as_digits_is_left_out(material: Material) -> None:
    """With no limit nothing random is kept, with the strictest all is."""
    chunk = Chunk("train", "random characters", 0, 20)
    likeness = Likeness(material.digits[:200], 0.8)
    likeness.limit = 0
    assert not len(make(chunk, material, likeness, SETTINGS).labels)
    likeness.limit = np.inf
    assert len(make(chunk, material, likeness, SETTINGS).labels) == 20


def test_a_picture_has_a_row_of_each_kind(tmp_path: Path) -> None:
    """The picture can also be drawn of few images."""
    images = {name: np.zeros((3, 28, 28), np.uint8) for name in ("signs", "letters")}
    draw_samples(images, tmp_path / "samples.png")
    assert (tmp_path / "samples.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("characters: 1", "characters: found 1"),
        ("network: {}", "characters: found None"),
        ("characters: {seed: 0.5}", "characters.seed: found 0.5"),
        ("- a", "expected YAML with sections"),
        ("a: [", "expected YAML with sections"),
    ],
)
def test_wrong_parameters_give_one_line(tmp_path: Path, text: str, reason: str) -> None:
    """The error names the key and what was found."""
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(StageError, match=reason) as caught:
        load(Characters, path)
    assert "\n" not in str(caught.value)


def test_a_section_is_read_by_its_class(tmp_path: Path) -> None:
    """Both sections may be in one file."""
    path = tmp_path / "params.yaml"
    path.write_text("characters: {}\nnetwork: {seed: -1}\n")
    with pytest.raises(StageError, match=r"network\.seed: found -1"):
        load(Network, path)
