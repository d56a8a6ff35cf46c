"""params.yaml as strict, typed, frozen objects: one section per stage.

Every fault is found before a stage does any work, and names the key, what was found and what is
allowed. What each parameter means, and why it has the value it has, stands in params.yaml.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from stages.command import StageError

ModelName = Literal["mlp", "simple-cnn", "dense-cnn", "small-normalised-cnn", "normalised-cnn"]
ScheduleName = Literal["constant", "one-cycle"]
InstructionSet = Literal["native", "avx2"]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Section(BaseModel):
    """A part of params.yaml: no unknown key, no value of another type, no change once read."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Download(Section):
    dataset: Literal["mnist", "digits"]


class Preprocess(Section):
    validation_fraction: float = Field(gt=0, lt=1)
    seed: Seed
    limit: Count | None  # images per split


class EarlyStopping(Section):
    monitor: Literal["val_loss", "val_accuracy"]
    patience: Count  # epochs
    min_delta: float = Field(ge=0)
    restore_best_weights: bool


class Augmentation(Section):
    rotation: float = Field(ge=0, le=180)  # degrees, to either side
    scale: float = Field(ge=0, lt=1)  # fraction, up or down
    shear: float = Field(ge=0, le=45)  # degrees, to either side
    shift: float = Field(ge=0, le=14)  # pixels, in either direction


class Train(Section):
    seed: Seed
    threads: Count
    instruction_set: InstructionSet
    model: ModelName
    networks: Count
    epochs: Count
    batch_size: Count
    steps_per_execution: Count
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0, le=10)
    schedule: ScheduleName
    optimizer: Literal["adam", "rmsprop", "sgd"]
    early_stopping: EarlyStopping
    augmentation: Augmentation
    test_time_shift: int = Field(ge=0, le=14)  # pixels


class Plot(Section):
    seed: Seed
    predictions: Annotated[int, Field(ge=1, le=100)]  # images
    mistakes: Annotated[int, Field(ge=1, le=100)]  # images


SECTIONS = {model.__name__.lower(): model for model in (Download, Preprocess, Train, Plot)}
AnySection = TypeVar("AnySection", bound=Section)


def load(section: type[AnySection], path: Path) -> AnySection:
    """Read one section of a parameter file.

    Raises `StageError` for a file that is not YAML, a section that is missing or unknown, and a
    key that is missing, unknown, of the wrong type or out of range.
    """
    name = section.__name__.lower()
    content = _read_yaml(path)
    if not isinstance(content, dict):
        raise StageError(f"{path}: found no sections, expected {', '.join(SECTIONS)}")
    for key in content:
        if key not in SECTIONS:
            raise StageError(f"{path}: unknown section {key!r}, allowed are {', '.join(SECTIONS)}")
    if name not in content:
        raise StageError(f"{path}: section {name!r} is missing; add it, with {_keys(section)}")
    try:
        return section.model_validate(content[name])
    except ValidationError as error:
        faults = "; ".join(
            _describe(section, name, fault["loc"], fault["input"], fault["type"])
            for fault in error.errors()
        )
        raise StageError(f"{path}: {faults}") from None


class _Yaml12Loader(yaml.SafeLoader):
    """YAML 1.2's idea of a scalar, which is DVC's: PyYAML's own reads `1e-3` as a string."""


_Yaml12Loader.yaml_implicit_resolvers = {}

for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Yaml12Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Yaml12Loader)  # noqa: S506  (a SafeLoader)
    except FileNotFoundError:
        raise StageError(f"{path}: not found; type `git checkout {path}` to get it back") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        found = " ".join(str(error).split())
        raise StageError(f"{path}: expected YAML, found {found}") from None


def _describe(
    section: type[Section], name: str, location: tuple[int | str, ...], found: Any, fault: str
) -> str:
    """Say of one fault in a section: the key, what was found, what is allowed."""
    # A union's branches (`int | None`) stand in the location too; the fields are what people typed.
    parent, field = section, None
    keys = [name]
    for step in location:
        if str(step) in parent.model_fields:
            keys.append(str(step))
            field = parent.model_fields[str(step)]
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                parent = field.annotation
    if fault == "extra_forbidden":
        return f"{'.'.join(keys)}.{location[-1]}: unknown key, {_keys(parent)}"
    allowed = _keys(parent) if field is None or parent is field.annotation else _allowed(field)
    if fault == "missing":
        return f"{'.'.join(keys)} is missing, {allowed}"
    return f"{'.'.join(keys)}: found {found!r}, {allowed}"


def _keys(section: type[Section]) -> str:
    return f"allowed are the keys {', '.join(section.model_fields)}"


def _allowed(field: FieldInfo) -> str:
    """Put a field's type and range into words, taken from the rules that are checked."""
    checked: Any = Annotated[field.annotation, field]
    schema = TypeAdapter(checked).json_schema()
    words = [_in_words(choice) for choice in schema.get("anyOf", [schema])]
    return f"allowed is {' or '.join(words)}"


def _in_words(schema: dict[str, Any]) -> str:
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
