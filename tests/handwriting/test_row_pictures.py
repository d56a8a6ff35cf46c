import numpy as np
import pytest

from app.ctc import BLANK
from handwriting.row_data import Row, batch_indices, is_readable, padded
from handwriting.row_digits import ByteArray, Piece
from handwriting.row_layout import Placed, touching_column
from handwriting.row_pictures import make_row

BY_LABEL = [np.array([2 * digit, 2 * digit + 1]) for digit in range(10)]


@pytest.fixture
def images() -> ByteArray:
    """Give 20 images (28, 28) of a ring, two for each digit."""
    y, x = np.mgrid[:28, :28] - 13.5
    radius = np.hypot(y, x * 1.3)
    return np.tile(((radius > 6) & (radius < 10)).astype(np.uint8) * 255, (20, 1, 1))


def test_a_row_depends_on_its_seed_alone(images: ByteArray) -> None:
    """The same seed makes the same picture, another one another."""
    one, same, other = (
        make_row(np.random.default_rng(seed), images, BY_LABEL) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.grey, same.grey)
    assert one.digits == same.digits
    assert one.grey.shape != other.grey.shape or (one.grey != other.grey).any()


def test_a_digit_stands_at_each_of_its_middles(images: ByteArray) -> None:
    """Each digit has a middle, they rise from left to right, and lie in the picture."""
    for seed in range(30):
        row = make_row(np.random.default_rng(seed), images, BY_LABEL)
        assert len(row.middles) == len(row.digits)
        assert (np.diff(row.middles) > 0).all()
        assert row.middles[0] > 0
        assert row.middles[-1] < row.grey.shape[1]
        assert row.grey.min() >= 0
        assert row.grey.max() <= 1


def test_touching_digits_meet_where_their_ink_does() -> None:
    """A hook under an overhang moves below it until the ink meets, not the boxes."""
    overhang = np.zeros((10, 8), np.float32)
    overhang[:3] = 1  # 8 wide at the top
    overhang[:, :3] = 1  # 3 wide below
    hook = np.zeros((10, 6), np.float32)
    hook[6:] = 1
    assert touching_column(Placed(Piece(overhang, 5), 0, 0), hook, 0) == 3


def row_of(width: int, digits: str, middles: list[float]) -> Row:
    return Row(np.full((32, width), 255, np.uint8), digits, np.array(middles, np.float32))


def test_rows_without_room_for_their_digits_are_left_out() -> None:
    """Two equal digits need three columns, and all digits must lie in the image."""
    assert is_readable(row_of(6, "11", [1, 5]))
    assert not is_readable(row_of(4, "11", [1, 3]))
    assert not is_readable(row_of(20, "12", [5, 21]))


def test_a_batch_has_all_of_its_rows_and_their_middles() -> None:
    """A digit stands in the column of its middle, and shorter rows are padded with paper."""
    rows = [row_of(20, "37", [4.0, 14.0]), row_of(30, "5", [8.0])]
    batch = padded(rows)
    assert batch.levels.shape == (2, 32, 32, 1)
    assert batch.digits.tolist() == [[3, 7], [5, -1]]
    assert [(line[line != BLANK]).tolist() for line in batch.columns] == [[3, 7], [5]]
    assert batch.columns[0, 2] == 3
    assert batch.levels[0, :, 20:].max() == 0


def test_a_distorted_row_keeps_its_digits_at_their_middles() -> None:
    """Ink only at the middles is still there after the row was stretched and moved."""
    row = row_of(60, "37", [10.5, 40.5])
    row.levels[:] = 0
    row.levels[:, [10, 40]] = 255
    for seed in range(5):
        batch = padded([row], np.random.default_rng(seed))
        places = np.flatnonzero(batch.columns[0] != BLANK)
        inked = batch.levels[0, 16, :, 0].reshape(-1, 2).max(axis=1)
        assert (
            np.maximum(inked[places - 1], np.maximum(inked[places], inked[places + 1])) > 0.3
        ).all()


def test_each_row_is_in_one_batch_of_an_epoch() -> None:
    """The batches of an epoch are a partition, and narrow rows are together."""
    rows = [row_of(20 + i, "1", [5.0]) for i in range(100)]
    indices = batch_indices(rows, 4, np.random.default_rng(0))
    assert sorted(np.concatenate(indices).tolist()) == list(range(100))
    assert all(np.ptp(one) < 60 for one in indices)
