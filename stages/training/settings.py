"""The section `train` of params.yaml.

It is a module of its own because reading it must not wait for the import of TensorFlow.
"""

from typing import Literal

from pydantic import Field

from stages.shared.params import Count, Section, Seed

ArchitectureName = Literal[
    "mlp", "simple-cnn", "dense-cnn", "small-normalised-cnn", "normalised-cnn"
]
ScheduleName = Literal["constant", "one-cycle"]
InstructionSet = Literal["native", "avx2"]


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
    # Half of the images as in a mirror, left for right; the networks for digits name no such key.
    mirror: bool = False


class Train(Section):
    seed: Seed
    threads: Count
    instruction_set: InstructionSet
    model: ArchitectureName
    networks: Count
    start_from: str | None  # a .keras file
    epochs: Count
    batch_size: Count
    steps_per_execution: Count
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0, le=10)
    schedule: ScheduleName
    optimizer: Literal["adam", "rmsprop", "sgd"]
    early_stopping: EarlyStopping
    augmentation: Augmentation
    own_share: float = Field(ge=0, lt=1)  # of a batch
    test_time_shift: int = Field(ge=0, le=14)  # pixels
