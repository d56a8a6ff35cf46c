"""Reading one section of a parameter file strictly, as a typed, frozen object.

A section is a subclass of `Section`, declared where it is used. Every error is found before a stage
does any work. params.yaml explains what each parameter means and why it has its value.
"""

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.shared.cli import StageError, one_line

SECTION_NAMES = ("download", "preprocess", "train", "plot")

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Section(BaseModel):
    """A part of params.yaml: no unknown key, no value of another type, no later change."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


AnySection = TypeVar("AnySection", bound=Section)


def load_section(section: type[AnySection], path: Path) -> AnySection:
    """Read the section that has the name of the class `section`, in lower case.

    Raises `StageError` if the file is not YAML, if a section is missing or unknown, and if a key
    is missing, unknown, of the wrong type or out of range.
    """
    name = section.__name__.lower()
    content = _read_yaml(path)
    if not isinstance(content, dict):
        raise StageError(f"{path}: found no sections, expected {', '.join(SECTION_NAMES)}")
    for key in content:
        if key not in SECTION_NAMES:
            raise StageError(
                f"{path}: unknown section {key!r}, allowed are {', '.join(SECTION_NAMES)}"
            )
    if name not in content:
        raise StageError(f"{path}: section {name!r} is missing, {_keys(section)}")
    try:
        return section.model_validate(content[name])
    except ValidationError as error:
        reasons = "; ".join(
            _describe(section, name, details["loc"], details["input"], details["type"])
            for details in error.errors()
        )
        raise StageError(f"{path}: {reasons}") from None


def _read_yaml(path: Path) -> Any:
    """Read YAML 1.2, as DVC does: `1e-3` is a number and `yes` a string."""
    try:
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StageError(f"{path}: not found; type `git checkout {path}` to get it back") from None
    # A value that is not of the type that it names, such as !!bool x, is looked up in vain.
    except (YAMLError, ValueError, LookupError, RecursionError) as error:
        raise StageError(f"{path}: expected YAML, found {one_line(error)}") from None


def _describe(
    section: type[Section], name: str, location: tuple[int | str, ...], found: Any, kind: str
) -> str:
    """Put one error of pydantic into words: the key, what was found, what is allowed.

    For example: "train.dropout: found 1.5, allowed is a number at least 0 and below 1".
    """
    # The location also names the branches of a union (`int | None`); only fields are keys.
    parent, field = section, None
    keys = [name]
    for step in location:
        if str(step) in parent.model_fields:
            keys.append(str(step))
            field = parent.model_fields[str(step)]
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                parent = field.annotation
    if kind == "extra_forbidden":
        key = str(location[-1])
        shown = key if key.isprintable() else repr(key)  # a line break in it would make two lines
        return f"{'.'.join(keys)}.{shown}: unknown key, {_keys(parent)}"
    allowed = _keys(parent) if field is None or parent is field.annotation else _allowed(field)
    if kind == "missing":
        return f"{'.'.join(keys)} is missing, {allowed}"
    return f"{'.'.join(keys)}: found {found!r}, {allowed}"


def _keys(section: type[Section]) -> str:
    return f"allowed are the keys {', '.join(section.model_fields)}"


def _allowed(field: FieldInfo) -> str:
    """Put the type and range of a field into words."""
    checked: Any = Annotated[field.annotation, field]
    schema = TypeAdapter(checked).json_schema()
    words = [_in_words(choice) for choice in schema.get("anyOf", [schema])]
    return f"allowed is {' or '.join(words)}"


def _in_words(schema: dict[str, Any]) -> str:
    if "description" in schema:
        return str(schema["description"])
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    kind = {"integer": "a whole number", "number": "a number"}.get(schema["type"], schema["type"])
    limits = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    bounds = [f"{word} {schema[key]}" for key, word in limits.items() if key in schema]
    return " ".join([kind, " and ".join(bounds)]).strip()
