import subprocess
import tarfile
from pathlib import Path

import pytest

from handwriting.fonts import FontFile, fetch, read_list, write_font
from stages.shared.cli import StageError
from tests.conftest import PROJECT

SHA256 = "2e99758548972a8e8822ad47fa1017ff72f06f3ff6a016851f45c398732bc50c"  # of b"this is a test"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an npm package with one font file."""
    folder = tmp_path / "package" / "files"
    folder.mkdir(parents=True)
    (folder / "a.woff").write_bytes(b"this is a test")
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as package:
        package.add(tmp_path / "package", "package")
    return path


def test_the_list_is_valid_and_no_package_is_in_both_splits() -> None:
    """Fonts of the validation split have no file in the training split."""
    listed = read_list(PROJECT / "handwriting" / "fonts.csv")
    by_split = {
        split: {font.package for font in listed if font.split == split}
        for split in ("train", "validation")
    }
    assert all(by_split.values())
    assert not by_split["train"] & by_split["validation"]


def test_a_line_that_is_no_font(tmp_path: Path) -> None:
    """The error names the line."""
    (tmp_path / "fonts.csv").write_text("header\na,1.0.0,a.woff,handwriting,test,00\n")
    with pytest.raises(StageError, match=r"fonts\.csv:2: found 'a,1\.0\.0"):
        read_list(tmp_path / "fonts.csv")


def test_the_listed_file_is_written(archive: Path, tmp_path: Path) -> None:
    """A file with the listed digest is written whole."""
    write_font(
        archive, FontFile("a", "1.0.0", "a.woff", "handwriting", "train", SHA256), tmp_path / "out"
    )
    assert (tmp_path / "out" / "a.woff").read_bytes() == b"this is a test"


@pytest.mark.parametrize(("name", "digest"), [("a.woff", "00" * 32), ("b.woff", SHA256)])
def test_another_file_than_listed(archive: Path, tmp_path: Path, name: str, digest: str) -> None:
    """Another content or a missing file gives one line, and nothing is written."""
    font = FontFile("a", "1.0.0", name, "handwriting", "train", digest)
    with pytest.raises(StageError) as caught:
        write_font(archive, font, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_packages_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error is one line with what npm says."""

    def failing(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "npm", stderr="npm error network\nnpm error code")

    monkeypatch.setattr(subprocess, "run", failing)
    with pytest.raises(StageError, match="npm error network npm error code; check the network"):
        fetch(["a@1.0.0"], tmp_path)


def test_npm_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StageError, match=r"npm was not found; install Node\.js"):
        fetch(["a@1.0.0"], tmp_path)
