import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

from stages.download import obtain, split_digits, to_mnist_form, upright_letters
from stages.idx import RAW_NAMES, from_idx, read_idx_split, to_idx
from stages.published import PUBLISHED
from stages.shared.dataset import DIGITS, NAMES, DataSet


def test_digits_are_all_there_in_mnists_form(tmp_path: Path) -> None:
    """All 1,797 images are in two valid IDX sets, with an empty margin of four pixels.

    The labels have the published digests, so the split is the same on every machine.
    """
    dataset, contents = obtain("digits")
    assert dataset == DataSet("digits", DIGITS)
    files = PUBLISHED["digits"].files.values()
    for name, content, file in zip(RAW_NAMES, contents, files, strict=True):
        (tmp_path / name).write_bytes(content)
        assert len(content) == file.size
        assert file.digest in (None, hashlib.sha256(content).hexdigest())
    total = 0
    for split, arrays in split_digits().items():
        images, labels = read_idx_split(tmp_path, split, 10)
        np.testing.assert_array_equal(images[..., 0], arrays[0])
        total += len(labels)
        assert np.bincount(labels, minlength=10).min() > 0.09 * len(labels)
        outside = images.astype(int).sum() - images[:, 4:24, 4:24].astype(int).sum()
        assert outside == 0
    assert total == 1797


def test_digits_keep_their_shape() -> None:
    """The enlarged digits nearly match SciPy's bilinear enlargement, with as much ink."""
    small = load_digits().images[:50]
    large = to_mnist_form(small)[:, 4:24, 4:24].astype(float)
    for image, reference in zip(large, small, strict=True):
        expected = zoom(reference * (255 / 16), 20 / 8, order=1, grid_mode=True, mode="nearest")
        assert np.corrcoef(image.ravel(), expected.ravel())[0, 1] > 0.98
        assert image.mean() == pytest.approx(expected.mean(), rel=0.05)


def test_letters_are_turned_upright_and_counted_from_0() -> None:
    """EMNIST's images are transposed, and its labels 1 to 26 become 0 to 25."""
    images = np.arange(2 * 28 * 28, dtype=np.uint32).reshape(2, 28, 28).astype(np.uint8)
    contents = [to_idx(array) for array in (images, np.array([1, 26], np.uint8))] * 2
    upright = upright_letters(contents)
    converted = from_idx(upright[0], Path("images"), 3)
    np.testing.assert_array_equal(converted[1], images[1].T)
    assert from_idx(upright[3], Path("labels"), 1).tolist() == [0, 25]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "digits"])
def test_only_letters_are_converted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of the other sets stay as their publishers made them."""
    images = np.arange(28 * 28, dtype=np.uint32).reshape(1, 28, 28).astype(np.uint8)
    contents = [to_idx(array) for array in (images, np.array([1], np.uint8))] * 2

    def fetch_all(*asked: object) -> list[bytes]:
        assert asked == (name, PUBLISHED[name])
        return contents

    monkeypatch.setattr("stages.download.fetch_all", fetch_all)
    dataset, found = obtain(name)
    assert dataset == DataSet(name, PUBLISHED[name].classes)
    assert found == (upright_letters(contents) if name == "emnist-letters" else contents)
