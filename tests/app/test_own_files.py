import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.own_files import opened, write

NAME, CONTENT = "a.png", b"a picture"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    """Give the descriptor of the test's folder."""
    with opened(tmp_path) as folder:
        yield folder


def test_a_file_is_on_the_disk_before_it_has_its_name(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever the power goes off, a file of that name has the whole content."""
    found: list[tuple[int, bool]] = []

    def sync(descriptor: int) -> None:
        found.append((os.fstat(descriptor).st_size, (tmp_path / NAME).exists()))

    monkeypatch.setattr(os, "fsync", sync)
    write(folder, NAME, CONTENT)
    assert found == [(len(CONTENT), False)]


def test_what_a_killed_program_has_left_is_no_hindrance(folder: int, tmp_path: Path) -> None:
    """A half-written file is replaced; all may read the whole one, and nobody executes it."""
    (tmp_path / f".{NAME}.tmp").write_bytes(CONTENT[:2])
    mask = os.umask(0o020)
    write(folder, NAME, CONTENT)
    os.umask(mask)
    assert [*tmp_path.iterdir()] == [tmp_path / NAME]
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o646


def test_a_link_that_appears_meanwhile_is_not_written_through(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who puts one where a file will be written cannot have another one overwritten."""
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / f".{NAME}.tmp").symlink_to(other)
    monkeypatch.setattr(os, "unlink", lambda *_, **__: None)  # as if it came just afterwards
    with pytest.raises(FileExistsError):
        write(folder, NAME, CONTENT)
    assert other.read_text() == "mine"
