"""The sections of handwriting/params.yaml."""

from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.shared.cli import StageError, one_line
from stages.shared.params import Count, Section, Seed
from stages.training.settings import Augmentation, InstructionSet

NONE = 10  # the label of what is no digit

AnySection = TypeVar("AnySection", bound=Section)


class Characters(Section):
    """How many images of each kind are made for training; see handwriting.characters."""

    seed: Seed
    validation_share: float = Field(gt=0, le=1)
    corrupted_share: float = Field(ge=0, lt=1)
    likeness_share: float = Field(gt=0, lt=1)
    images: dict[str, Count]


class Network(Section):
    """How the network is trained; see handwriting.network."""

    seed: Seed
    threads: Count
    instruction_set: InstructionSet
    epochs: Count
    batch_size: Count
    steps_per_execution: Count
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0, le=10)
    plain_copies: Count
    refused_digits: float = Field(gt=0, lt=1)
    augmentation: Augmentation


class Rows(Section):
    """How the row network is trained; see handwriting.train_rows."""

    seed: Seed
    threads: Count
    instruction_set: InstructionSet
    training_rows: Count
    validation_rows: Count
    epochs: Count
    batch_size: Count  # rows that are 128 columns wide
    learning_rate: float = Field(gt=0, le=10)
    widths: list[Count] = Field(min_length=4, max_length=4)  # channels of the network's parts
    column_weight: float = Field(ge=0)


def load(section: type[AnySection], path: Path) -> AnySection:
    """Read the section that has the name of the class, in lower case.

    Raises `StageError` if it is missing or has another form.
    """
    name = section.__name__.lower()
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return section.model_validate((content or {}).get(name))
    except (YAMLError, AttributeError) as error:
        raise StageError(f"{path}: expected YAML with sections, found {one_line(error)}") from None
    except ValidationError as error:
        details = error.errors()[0]
        key = ".".join(map(str, (name, *details["loc"])))
        raise StageError(f"{path}: {key}: found {details['input']!r}, {details['msg']}") from None
