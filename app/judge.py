"""Say which digits some images show, and whether they show one at all.

Two networks look at each image. The model knows MNIST's digits best. The network of handwriting/
knows digits in more hands, and "none", which is no digit.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.classifier import Classifier
from pictures.arrays import Probabilities
from pictures.segment import Digit

NONE = 10  # the index of "none" among the outputs of the network of handwriting/


class Verdict(NamedTuple):
    """What the networks say about N images."""

    probabilities: Probabilities  # (N, 10), of the digits; a row sums to 1
    none: Probabilities  # (N,), that the image shows no digit


class Judge:
    """Asks the two networks."""

    def __init__(self, model: Path | bytes, characters: Path | bytes) -> None:
        """Load .tflite files or their content; raise `OSError` or `ValueError` if that fails."""
        self.classify, self._characters = Classifier(model), Classifier(characters)

    def __call__(self, digits: list[Digit], is_mnist_form: bool = False) -> Verdict:
        """Judge some digits; for images in MNIST's form the model alone names the digit."""
        images = np.stack([digit.image for digit in digits])
        by_model, by_characters = self.classify(images), self._characters(images)
        none = by_characters[:, NONE]
        if is_mnist_form:
            return Verdict(by_model, none)
        named = by_characters[:, :NONE] / by_characters[:, :NONE].sum(axis=1, keepdims=True)
        return Verdict((by_model + named) / 2, none)
