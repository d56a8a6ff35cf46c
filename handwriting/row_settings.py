"""The section `rows` of handwriting/params.yaml."""

from pydantic import Field

from stages.shared.params import Count, Section, Seed
from stages.training.settings import InstructionSet


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
