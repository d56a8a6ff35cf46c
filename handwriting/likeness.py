"""Tell how near images are to digits, by their nearest neighbour among real ones."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pictures.arrays import UInt8Array

BLOCK = 4000  # images compared at a time
LENGTH = 2000


def features(images: UInt8Array) -> NDArray[np.float32]:
    """Return softened images (N, 28, 28) as vectors (N, 196) of length 2000.

    Their elements are whole numbers, so that float32 sums are exact, in whatever order.
    """
    small = [
        cv2.resize(cv2.GaussianBlur(image, (0, 0), 1), (14, 14), interpolation=cv2.INTER_AREA)
        for image in images
    ]
    flat = np.stack(small).reshape(len(images), -1).astype(np.float32)
    length = np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.rint(flat / length * LENGTH), np.float32)


class Likeness:
    """Compares images with a set of digits."""

    def __init__(self, digits: UInt8Array, share: float) -> None:
        """Take digits (N, 28, 28); `share` of them have a nearer neighbour than `limit`."""
        self._digits = features(digits)
        tenth = self._digits[::10]
        similar = tenth @ self._digits.T
        similar[np.arange(len(tenth)), np.arange(len(tenth)) * 10] = 0  # each with itself
        self.limit = float(np.quantile(similar.max(axis=1), 1 - share))

    def __call__(self, images: UInt8Array) -> NDArray[np.bool_]:
        """Return which of the images (N, 28, 28) are as near to a digit as digits themselves."""
        vectors = features(images)
        nearest = [
            (vectors[start : start + BLOCK] @ self._digits.T).max(axis=1)
            for start in range(0, len(vectors), BLOCK)
        ]
        return np.concatenate(nearest) > self.limit
