"""Every field of every section of params.yaml, as the types declare it, so also a new one."""

import json
import math
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from stages.plot import Plot
from stages.preprocess import Preprocess
from stages.shared.cli import StageError
from stages.shared.dataset import NAMES, Download
from stages.shared.params import Section, load_section
from stages.training.settings import Train
from tests.conftest import PROJECT

SECTIONS: tuple[type[Section], ...] = (Download, Preprocess, Train, Plot)
COUNT = "a whole number at least 1 and at most 1000000"
SEED = "a whole number at least 0 and below 2147483648"  # NumPy's and Keras's highest is above it
SHARE = "a number at least 0 and below 1"
# The ranges that the numbers have for a reason, such as half an image of 28 pixels.
RANGES = {
    "preprocess.validation_fraction": "a number above 0 and below 1",
    "preprocess.seed": SEED,
    "preprocess.limit": f"{COUNT} or null",
    "preprocess.own_test_fraction": SHARE,
    "train.seed": SEED,
    "train.threads": COUNT,
    "train.networks": COUNT,
    "train.epochs": COUNT,
    "train.batch_size": COUNT,
    "train.steps_per_execution": COUNT,
    "train.dropout": SHARE,
    "train.learning_rate": "a number above 0 and at most 10",
    "train.early_stopping.patience": COUNT,
    "train.early_stopping.min_delta": "a number at least 0",
    "train.augmentation.rotation": "a number at least 0 and at most 180",
    "train.augmentation.scale": SHARE,
    "train.augmentation.shear": "a number at least 0 and at most 45",
    "train.augmentation.shift": "a number at least 0 and at most 14",
    "train.own_share": SHARE,
    "train.test_time_shift": "a whole number at least 0 and at most 14",
    "plot.predictions": "a whole number at least 1 and at most 100",
    "plot.mistakes": "a whole number at least 1 and at most 100",
}
WITHOUT_UPPER_BOUND = ("train.early_stopping.min_delta",)  # a loss has no highest value

TEXTS = st.text("aZ9_ é日:#-{[&*!|%@`'\"\\", max_size=9)  # what has a meaning in YAML, too

Choice = dict[str, Any]  # a branch of a field's type, as JSON Schema


class Parameter(NamedTuple):
    """A field of a section, or of a section inside it."""

    section: type[Section]
    keys: tuple[str, ...]
    field: FieldInfo

    @property
    def name(self) -> str:
        return ".".join([self.section.__name__.lower(), *self.keys])

    @property
    def inner(self) -> type[Section] | None:
        kind = self.field.annotation
        return kind if isinstance(kind, type) and issubclass(kind, Section) else None

    @property
    def choices(self) -> list[Choice]:
        checked: Any = Annotated[self.field.annotation, self.field]
        schema = TypeAdapter(checked).json_schema()
        return list(schema.get("anyOf", [schema]))

    def accepts(self, value: Any) -> bool:
        """Tell whether a value has the type of the field, in any range."""
        return any(_fits(choice, value) for choice in self.choices)


def _fits(choice: Choice, value: Any) -> bool:
    if "enum" in choice:
        return value in choice["enum"]
    if choice["type"] == "number":
        return type(value) in (int, float) and math.isfinite(value)
    kinds = {"integer": int, "string": str, "boolean": bool, "null": type(None)}
    return type(value) is kinds[choice["type"]]


def parameters(section: type[Section]) -> list[Parameter]:
    """Return the fields of a section, those of sections inside it too."""

    def walk(part: type[Section], keys: tuple[str, ...]) -> Iterator[Parameter]:
        for key, field in part.model_fields.items():
            found = Parameter(section, (*keys, key), field)
            yield found
            if found.inner:
                yield from walk(found.inner, found.keys)

    return list(walk(section, ()))


ALL = [found for section in SECTIONS for found in parameters(section)]
LEAVES = [found for found in ALL if not found.inner]
NUMBERS = [
    (found, choice)
    for found in LEAVES
    for choice in found.choices
    if choice["type"] in ("integer", "number")
]


def written(section: type[Section]) -> dict[str, Any]:
    """Return the values that params.yaml has in a section."""
    return load_section(section, PROJECT / "params.yaml").model_dump()


def changed(content: dict[str, Any], keys: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the content of a section with another value for one key."""
    other = deepcopy(content)
    place = other
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return other


def load(folder: Path, section: type[Section], content: Any) -> dict[str, Any]:
    """Read a section from a file that has this content."""
    text = json.dumps({section.__name__.lower(): content}, ensure_ascii=False)
    # JSON is YAML, but for the numbers that JSON does not have.
    for ours, yaml in (("NaN", ".nan"), ("Infinity", ".inf")):
        text = text.replace(f" {ours}", f" {yaml}").replace(f" -{ours}", f" -{yaml}")
    (folder / "params.yaml").write_text(text)
    return load_section(section, folder / "params.yaml").model_dump()


def refused(folder: Path, section: type[Section], content: Any) -> list[str]:
    """Return the reasons in the one line with which the content of a section is refused."""
    with pytest.raises(StageError) as caught:
        load(folder, section, content)
    message = str(caught.value)
    assert "\n" not in message
    file = f"{folder / 'params.yaml'}: "
    assert message.startswith(file)
    return message.removeprefix(file).split("; ")


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Return the values that a field may have."""
    if parameter.inner:
        return contents(parameter.inner)
    return st.one_of([_of_choice(choice) for choice in parameter.choices])


def _of_choice(choice: Choice) -> st.SearchStrategy[Any]:
    if "enum" in choice:
        return st.sampled_from(choice["enum"])
    if "description" in choice:
        return st.sampled_from(NAMES)
    above, below = (f"exclusive{bound}" in choice for bound in ("Minimum", "Maximum"))
    bounds: list[Any] = [
        choice.get(name, choice.get(f"exclusive{name.capitalize()}"))
        for name in ("minimum", "maximum")
    ]
    low, high = bounds
    if choice["type"] == "integer":
        return st.integers(low + above, high - below)
    if choice["type"] == "number":
        return st.floats(low, high, allow_infinity=False, exclude_min=above, exclude_max=below)
    return {"string": TEXTS, "boolean": st.booleans(), "null": st.none()}[choice["type"]]


def contents(section: type[Section]) -> st.SearchStrategy[dict[str, Any]]:
    """Return the contents that a section may have."""
    fields = {found.keys[0]: values(found) for found in parameters(section) if len(found.keys) == 1}
    return st.fixed_dictionaries(fields)


@given(data=st.data(), section=st.sampled_from(SECTIONS))
def test_all_that_is_allowed_is_read_as_written(
    tmp_path: Path, data: st.DataObject, section: type[Section]
) -> None:
    """Values within their ranges come back, numbers to the last bit."""
    content = data.draw(contents(section))
    assert load(tmp_path, section, content) == content


@pytest.mark.parametrize(("number", "choice"), NUMBERS, ids=[found.name for found, _ in NUMBERS])
def test_a_number_is_allowed_up_to_its_bounds(
    tmp_path: Path, number: Parameter, choice: Choice
) -> None:
    """Each number has a lower and an upper bound; the first value beyond is refused, and told."""
    content = written(number.section)
    bounds = {
        "minimum": ("at least", -1, True),
        "exclusiveMinimum": ("above", -1, False),
        "maximum": ("at most", 1, True),
        "exclusiveMaximum": ("below", 1, False),
    }
    declared = [name for name in bounds if name in choice]
    assert len(declared) == (1 if number.name in WITHOUT_UPPER_BOUND else 2)
    for name in declared:
        bound, (word, outward, included) = choice[name], bounds[name]
        whole = choice["type"] == "integer"
        further, inner = (
            bound + step if whole else math.nextafter(bound, step * math.inf)
            for step in (outward, -outward)
        )
        inside, outside = (bound, further) if included else (inner, bound)
        loaded = load(tmp_path, number.section, changed(content, number.keys, inside))
        assert loaded == changed(content, number.keys, inside)
        (reason,) = refused(tmp_path, number.section, changed(content, number.keys, outside))
        assert reason.startswith(f"{number.name}: found {outside!r}, allowed is a ")
        assert f"{word} {bound}" in reason


@pytest.mark.parametrize("section", [Preprocess, Train, Plot])
def test_the_ranges_of_numbers(tmp_path: Path, section: type[Section]) -> None:
    """The ranges are those that have a reason, in the words that a user reads."""
    content = written(section)
    expected = []
    for found in parameters(section):
        if found.name in RANGES:
            content = changed(content, found.keys, "some")
            expected.append(f"{found.name}: found 'some', allowed is {RANGES[found.name]}")
    assert refused(tmp_path, section, content) == expected


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", [None, True, 1, 1.0, math.nan, math.inf, -math.inf, "1", [1]])
def test_values_of_other_types_are_refused(
    tmp_path: Path, section: type[Section], value: Any
) -> None:
    """No value passes for one of another type: not true for 1, 1.0 for 1, nor NaN for a number."""
    content, expected = written(section), []
    for found in parameters(section):
        if not (found.inner or found.accepts(value)):
            content = changed(content, found.keys, value)
            expected.append(f"{found.name}: found {value!r}, allowed")
    if expected:
        reasons = refused(tmp_path, section, content)
        assert [reason.partition(" is ")[0] for reason in reasons] == expected
    for table in (found for found in parameters(section) if found.inner):
        (reason,) = refused(tmp_path, section, changed(written(section), table.keys, value))
        assert reason.startswith(f"{table.name}: found {value!r}, allowed are the keys ")


@pytest.mark.parametrize("section", SECTIONS)
def test_missing_keys_are_all_named(tmp_path: Path, section: type[Section]) -> None:
    """Each key without a value of its own must be there; the line has them all."""
    for part in [(), *(found.keys for found in parameters(section) if found.inner)]:
        content = changed(written(section), part, {}) if part else {}
        required = [
            found.name
            for found in parameters(section)
            if found.keys[:-1] == part and found.field.is_required()
        ]
        reasons = refused(tmp_path, section, content)
        assert [reason.partition(" is missing, allowed ")[0] for reason in reasons] == required


@given(data=st.data(), section=st.sampled_from(SECTIONS), key=TEXTS)
def test_an_unknown_key_is_refused(
    tmp_path: Path, data: st.DataObject, section: type[Section], key: str
) -> None:
    """A mistyped name is never passed over; the line has the names that there are."""
    parts = {(): section} | {one.keys: one.inner for one in parameters(section) if one.inner}
    keys = data.draw(st.sampled_from(list(parts)))
    known = parts[keys].model_fields
    if key not in known:
        name = ".".join([section.__name__.lower(), *keys, key])
        assert refused(tmp_path, section, changed(written(section), (*keys, key), 1)) == [
            f"{name}: unknown key, allowed are the keys {', '.join(known)}"
        ]
