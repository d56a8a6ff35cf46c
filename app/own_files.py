"""Files in a folder that is open: no link is followed, whoever changes the folder meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def opened(path: Path | str, parent: int | None = None) -> Iterator[int]:
    """Give the descriptor of a folder, relative to an open one; raise `OSError` if it is a link."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        yield folder
    finally:
        os.close(folder)


def content_of(folder: int, name: str) -> bytes | None:
    """Return the content of a file in an open folder; None if there is none, or a link."""

    def opener(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)

    try:
        with open(name, "rb", opener=opener) as file:
            return file.read()
    except OSError:
        return None


def exists(folder: int, name: str) -> bool:
    """Return whether an open folder has anything of this name, a link too."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def write(folder: int, name: str, content: bytes) -> None:
    """Write a file into an open folder, whole or not at all."""
    temporary = f".{name}.tmp"
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
