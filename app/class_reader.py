"""Say what one picture shows, by a model of other classes than the ten digits.

The networks of handwriting/ know nothing of such classes: the model alone names what it sees.
"""

from pathlib import Path

import numpy as np

from app.classes import Classes
from app.classifier import Classifier
from app.reader import Answer, Reading
from app.rejection import MIN_CONFIDENCE
from pictures.arrays import Probabilities
from pictures.box import Box
from pictures.decode import decode
from pictures.files import MAX_MEMORY
from pictures.fit import fitted
from pictures.segment import Digit, Steps


class ClassReader:
    """Names what a picture shows, which is one thing and fills the picture."""

    def __init__(self, model: Path | bytes, classes: Classes, memory: int = MAX_MEMORY) -> None:
        """Load a .tflite file or its content; raise `OSError` or `ValueError` if that fails.

        A picture and its decoder may take up to `memory` bytes.
        """
        self.classify, self.classes = Classifier(model), classes
        self._memory = memory

    def recognise(self, content: bytes) -> Reading:
        """Name what the content of a picture file shows.

        Raises `PictureError` if the content cannot be decoded.
        """
        picture = decode(content, self._memory)
        image = fitted(picture.grey)
        (probabilities,) = self.classify(image[np.newaxis])
        best = int(probabilities.argmax())
        answer = Answer(
            digit=best,
            confidence=float(probabilities[best]),
            probabilities=probabilities.tolist(),
            none=0,
            box=Box(0, 0, *picture.size),
            image=image,
        )
        name = self.classes[best]
        empty = np.zeros(picture.grey.shape, np.bool_)
        digits = [Digit(Box(0, 0, *picture.grey.shape[::-1]), image)]
        steps = Steps(picture.grey, picture.grey, empty, empty, empty, [], 1, False, digits)
        return Reading(
            answers=[answer],
            text=name,
            confidence=answer.confidence,
            reason=low_confidence(probabilities, name),
            steps=steps,
            size=picture.size,
            classes=self.classes,
        )


def low_confidence(probabilities: Probabilities, name: str) -> str:
    """Return why (C,) probabilities are not enough for the likeliest class, "" if they are."""
    confidence = float(probabilities.max())
    if confidence >= MIN_CONFIDENCE:
        return ""
    return f"most likely {name}, but with only {100 * confidence:.0f} % confidence"
