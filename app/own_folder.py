"""The folder of own pictures, data/own: a folder for each class, and in it the pictures of it.

A picture that the page saves is named after the first 16 hex digits of the SHA-256 of its content,
so that saving it twice gives one file. Links are never followed: the folders are opened without
following them, and files are written, moved and deleted relative to these.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from app.classes import Classes
from app.own_files import content_of, exists, opened, write
from pictures.labelled import has_folder, labelled

FOLDER = Path("data/own")
MAX_NAME = 255  # bytes of a folder's name, on Linux and macOS


class FolderError(Exception):
    """A picture cannot be saved or taken back; the message says why, in one line."""


class LabelError(FolderError):
    """There is no such class, or the page has saved no such picture of it."""


class Saved(NamedTuple):
    """A picture in the folder."""

    label: str  # its class, the name of the folder that it is in
    name: str  # of the file
    is_new: bool = True  # False: it was in the folder before the page saved anything


def name_of(content: bytes, suffix: str) -> str:
    """Return the name of the file for a picture's content, with its suffix (".png")."""
    return hashlib.sha256(content).hexdigest()[:16] + suffix


def is_short(label: str) -> bool:
    """Return whether file systems take the name of a class for that of a folder."""
    return len(os.fsencode(label)) <= MAX_NAME


class OwnFolder:
    """Saves pictures in the folder, and takes back those that it has saved itself."""

    def __init__(self, path: Path, classes: Classes) -> None:
        self.path, self.classes = path, classes
        self._labels = [label for label in classes if has_folder(label) and is_short(label)]
        self._saved: set[tuple[str, str]] = set()  # class and file of what was saved here

    def save(self, content: bytes, suffix: str, label: str) -> Saved:
        """Save a picture as one of a class, whole or not at all, or raise `FolderError`.

        If it is there as one of another class, it moves.
        """
        self.check_label(label)
        name = name_of(content, suffix)
        with self._opened(label) as own:
            if content_of(own, name) == content:
                return Saved(label, name, (label, name) in self._saved)
            if exists(own, name):  # of another content, or a link
                raise self._another(label, name)
            earlier = self._earlier(name, content)
            if earlier is None:
                write(own, name, content)
            else:
                with self._opened(earlier) as source:
                    os.rename(name, name, src_dir_fd=source, dst_dir_fd=own)
        is_new = earlier is None or (earlier, name) in self._saved
        if is_new:
            self._saved.add((label, name))
        if earlier is not None:
            self._saved.discard((earlier, name))
            self._remove_if_empty(earlier)
        return Saved(label, name, is_new)

    def take_back(self, label: str, name: str) -> None:
        """Delete a picture that was saved here, or raise `FolderError`."""
        self.check_label(label)
        if (label, name) not in self._saved:
            raise LabelError(f"found {ascii(name)[:60]}, expected a picture that this page saved")
        with self._opened(label) as own:
            content = content_of(own, name)
            if content is not None and name_of(content, Path(name).suffix) == name:
                os.unlink(name, dir_fd=own)
            elif exists(own, name):  # somebody has changed or replaced it
                raise self._another(label, name)
        self._saved.discard((label, name))
        self._remove_if_empty(label)

    def pictures(self) -> list[tuple[str, Path]]:
        """Return the pictures in the folder with their classes, the newest first."""
        if not self.path.is_dir():
            return []
        found = [
            (label, path)
            for path, label, reason in labelled(self.path, self.classes)
            if not reason and not self._is_linked(label) and path.is_file()
            if not path.is_symlink()
        ]
        return sorted(found, key=lambda one: -one[1].stat().st_mtime)

    def check_label(self, label: str) -> None:
        """Raise `LabelError` unless this is a class whose name can be that of a folder."""
        if label not in self._labels:
            expected = ", ".join(self._labels)
            raise LabelError(f"found the label {ascii(label)[:60]}, expected one of {expected}")

    @contextmanager
    def _opened(self, label: str) -> Iterator[int]:
        """Open the folder of a class, made where it is missing; a failure leaves no empty folder.

        All that goes wrong within the block is raised as `FolderError`.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with opened(self.path) as top:
                with suppress(FileExistsError):
                    os.mkdir(label, dir_fd=top)
                with opened(label, top) as own:
                    yield own
        except OSError as error:
            self._remove_if_empty(label)
            raise self._no_folder(label, error) from error

    def _no_folder(self, label: str, error: OSError) -> FolderError:
        """Return the error that says which folder is none, or cannot be written in."""
        place = self.path / label if self.path.is_dir() else self.path
        place = self.path if self.path.is_symlink() else place
        reason = "a file" if place.is_file() else error.strerror or str(error)
        reason = "a link" if place.is_symlink() else reason
        return FolderError(f"{place}: {reason}; expected a folder to write in")

    def _another(self, label: str, name: str) -> FolderError:
        return FolderError(f"{self.path / label / name}: another file is there; remove it")

    def _is_linked(self, label: str) -> bool:
        return self.path.is_symlink() or (self.path / label).is_symlink()

    def _earlier(self, name: str, content: bytes) -> str | None:
        """Return the class as which a picture was saved before."""
        for label in self._labels:
            if not self._is_linked(label) and (self.path / label / name).is_file():
                with self._opened(label) as own:
                    if content_of(own, name) == content:
                        return label
        return None

    def _remove_if_empty(self, label: str) -> None:
        if not self._is_linked(label):
            with suppress(OSError):
                (self.path / label).rmdir()
