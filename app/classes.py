"""The classes that a model tells apart: their names, in the order of its outputs."""

import json
from pathlib import Path

Classes = tuple[str, ...]
DIGITS: Classes = tuple("0123456789")
FORM = '{"name": "...", "classes": ["...", "..."]} with two or more different names'


class ClassesError(Exception):
    """The classes of a model are not known; the message says why and what to type, in one line."""


def read_classes(path: Path) -> Classes:
    """Return the classes in a JSON file of the form of data/processed/dataset.json.

    Raises `ClassesError`.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClassesError(
            f"{path}: {error.strerror}; expected a file of the form {FORM}"
        ) from error
    except ValueError as error:
        raise ClassesError(f"{path}: found no JSON, expected {FORM}") from error
    classes = content.get("classes") if isinstance(content, dict) else None
    if not isinstance(classes, list) or not _are_names(classes):
        raise ClassesError(f"{path}: found {json.dumps(content)[:60]}, expected {FORM}")
    return tuple(classes)


def shortened(classes: Classes) -> str:
    """Return the first classes, for a message of one line."""
    return ", ".join(classes[:3]) + ", ..." * (len(classes) > 3)


def _are_names(classes: list[object]) -> bool:
    """Return whether these are two or more different names, each of one line."""
    names = {name for name in classes if isinstance(name, str)}
    return (
        len(names) == len(classes) > 1
        and all(map(str.isprintable, names))
        and all(map(str.strip, names))
    )
