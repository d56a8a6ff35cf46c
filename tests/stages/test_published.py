"""The table of the published data sets."""

import runpy

from stages import published
from stages.published import PublishedSet
from stages.shared.dataset import NAMES


def test_published_sets_are_those_that_have_names() -> None:
    """Each has its classes, counts and kinds of digests, and mirrors if it is not made here.

    Files have a header of 16 or 8 bytes, then 784 bytes per image or one per label.
    """
    # As the module makes it: other tests change the table.
    table: dict[str, PublishedSet] = runpy.run_path(
        published.__file__, run_name=published.__name__
    )["PUBLISHED"]
    assert tuple(table) == NAMES
    for name, num_classes, train, test, kind in (
        ("mnist", 10, 60_000, 10_000, None),
        ("digits", 10, 1437, 360, None),
        ("fashion-mnist", 10, 60_000, 10_000, None),
        ("kmnist", 10, 60_000, 10_000, "sha256"),
        ("emnist-letters", 26, 124_800, 20_800, "md5"),
    ):
        files = table[name].files.values()
        assert len({*table[name].classes}) == num_classes
        assert [file.size for file in files] == [
            size for count in (train, test) for size in (16 + count * 784, 8 + count)
        ]
        assert {file.of_compressed for file in files} == {kind}
        for file in files:
            assert name == "digits" or len(file.digest or "") == (32 if kind == "md5" else 64)
        assert bool(table[name].mirrors) is (name != "digits")
        assert all(mirror.endswith(("/", ".zip")) for mirror in table[name].mirrors)
    letters = ["train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"]
    expected = [f"emnist-letters-{name}-ubyte" for name in letters]
    assert list(table["emnist-letters"].files) == expected
