"""The data set that the pipeline runs on."""

from typing import Literal

from stages.shared.params import Section

NUM_CLASSES = 10


class Download(Section):
    """The section `download` of params.yaml, for all stages that name the data set."""

    dataset: Literal["mnist", "digits"]
