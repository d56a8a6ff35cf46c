"""The data sets that are known by name: their classes, files, digests and mirrors.

MNIST and Fashion-MNIST have digests of the files' decompressed content, so that each stage can tell
whether a file is theirs. Of KMNIST and EMNIST only digests of the compressed files are published,
so their content is checked when it is fetched, and later by its size alone.
"""

import hashlib
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from stages.idx import RAW_NAMES
from stages.shared.cli import StageError
from stages.shared.dataset import DIGITS


class PublishedFile(NamedTuple):
    """A file of a data set; mirrors have it compressed, as NAME.gz."""

    size: int  # bytes, decompressed
    digest: str | None  # SHA-256 of the decompressed content: a mirror may compress it as it likes
    # Where none is published for the content: the kind of `digest`, which is that of NAME.gz.
    of_compressed: Literal["sha256", "md5"] | None = None


class PublishedSet(NamedTuple):
    """A data set and its four files, in the order of `RAW_NAMES`, by their names at the mirrors."""

    classes: tuple[str, ...]
    files: dict[str, PublishedFile]
    mirrors: tuple[str, ...]  # folders on the web, or a .zip archive there


def _files(
    images: tuple[int, int],
    digests: Sequence[str | None],
    names: Sequence[str] = RAW_NAMES,
    of_compressed: Literal["sha256", "md5"] | None = None,
) -> dict[str, PublishedFile]:
    """Describe the files of so many training and test images of 28x28 pixels."""
    # A header of 16 bytes and a byte per pixel; a header of 8 bytes and a byte per label.
    sizes = [size for count in images for size in (16 + 784 * count, 8 + count)]
    return {
        name: PublishedFile(size, digest, of_compressed)
        for name, size, digest in zip(names, sizes, digests, strict=True)
    }


PUBLISHED = {
    "mnist": PublishedSet(
        DIGITS,
        _files(
            (60_000, 10_000),
            (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ),
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://raw.githubusercontent.com/fgnt/mnist/master/",
        ),
    ),
    # They are made here, from scikit-learn's. How an image is enlarged depends on the version of
    # Pillow, so only the labels have digests.
    "digits": PublishedSet(
        DIGITS,
        _files(
            (1437, 360),
            (
                None,
                "d1dd98b2b42041d998c5838b99fce77d3151615d464a99bcdd1930a2e9efc360",
                None,
                "0001787526e86554f99b0c74856f5e466a7cb5d1b270a80ee5176aadc3a08157",
            ),
        ),
        (),
    ),
    # Xiao et al. (2017), https://github.com/zalandoresearch/fashion-mnist
    "fashion-mnist": PublishedSet(
        (
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        _files(
            (60_000, 10_000),
            (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
        (
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
    ),
    # Clanuwat et al. (2018), https://github.com/rois-codh/kmnist. The digests are those in
    # torchvision's prototype of KMNIST and in TorchVision for Ruby.
    "kmnist": PublishedSet(
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        _files(
            (60_000, 10_000),
            (
                "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
                "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
                "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
                "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
            ),
            of_compressed="sha256",
        ),
        ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    ),
    # Cohen et al. (2017), doi:10.1109/IJCNN.2017.7966217. The digests are those in Deeplearning4j
    # and in the package mnists. A class has capital and small letters.
    "emnist-letters": PublishedSet(
        tuple(string.ascii_lowercase),
        _files(
            (124_800, 20_800),
            (
                "8795078f199c478165fe18db82625747",
                "c16de4f1848ddcdddd39ab65d2a7be52",
                "382093a19703f68edac6d01b8dfdfcad",
                "d4108920cd86601ec7689a97f2de7f59",
            ),
            [f"emnist-letters-{name.replace('t10k', 'test')}" for name in RAW_NAMES],
            of_compressed="md5",
        ),
        ("https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",),
    ),
}


def check_raw(folder: Path, name: str) -> None:
    """Raise `StageError` if the IDX files in a folder are not those of the data set.

    Those of a folder of the user's own may be any but the ones that are published under a name.
    """
    expected = list(PUBLISHED[name].files.values()) if name in PUBLISHED else [None] * 4
    for raw_name, file in zip(RAW_NAMES, expected, strict=True):
        content = (folder / raw_name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found = f"{raw_name} with SHA-256 {digest[:12]}… of {len(content):,} bytes"
        owner = _owners().get(digest)
        if owner and owner != name:
            found = f"{raw_name} of {owner}"
        elif not file or (
            len(content) == file.size and (not _of_content(file) or digest == file.digest)
        ):
            continue
        raise StageError(
            f"{folder}: found {found}, expected that of {name}; type `dvc repro --force download`, "
            "or set download.dataset to the data set that you want"
        )


def _owners() -> dict[str, str]:
    """Return the names of data sets by the digests of their files' content."""
    return {
        file.digest: name
        for name, published in PUBLISHED.items()
        for file in published.files.values()
        if file.digest and _of_content(file)
    }


def _of_content(file: PublishedFile) -> bool:
    return file.digest is not None and file.of_compressed is None
