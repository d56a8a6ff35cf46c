"""Why the model sees a digit: by how much its probability falls where the ink is taken away.

This is occlusion (Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2014,
section 4.2): a patch of empty paper moves over the image, and the model looks each time.
"""

import base64
import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pictures.arrays import Probabilities, UInt8Array
from pictures.files import PictureError
from pictures.normalise import SIDE

REACH = 2  # pixels from a patch's middle to its edge: it has 5x5; a stroke is 2 to 4 wide
STEP = 2  # pixels from a patch to the next; with every pixel, an answer would take 0.6 s, not 0.2
BATCH = 32  # images at once, which bounds the runtime's buffers
MAX_CHARACTERS = 8192  # of a data URL; that of a 28x28 PNG has at most 1,300
PREFIX = "data:image/png;base64,"
# The beginning of a PNG of 28x28 pixels, one channel of 8 bits, not interlaced (the PNG
# specification, 11.2.1 IHDR).
HEADER = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    + SIDE.to_bytes(4, "big")
    + SIDE.to_bytes(4, "big")
    + bytes([8, 0, 0, 0, 0])
)
DAMAGED = '"image": a damaged PNG, expected the image that /read gave'
OTHER_FORM = '"image": expected a PNG of 28x28 pixels in 8-bit grey'


def as_data_url(image: UInt8Array) -> str:
    """Return an image (28, 28) as the data URL of a PNG."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return f"{PREFIX}{base64.b64encode(file.getvalue()).decode()}"


def image_in(data_url: str) -> UInt8Array:
    """Return the image (28, 28) in a data URL that `/read` gave, or raise `PictureError`."""
    if len(data_url) > MAX_CHARACTERS or not data_url.startswith(PREFIX):
        raise PictureError(
            f'"image": found something else, expected at most {MAX_CHARACTERS} characters that '
            f"begin with {PREFIX}"
        )
    try:
        content = base64.b64decode(data_url.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise PictureError(DAMAGED) from error
    if not content.startswith(HEADER):
        raise PictureError(OTHER_FORM)
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            image = np.array(picture)
    except Exception as error:  # Pillow raises many kinds for damaged chunks
        raise PictureError(DAMAGED) from error
    if image.shape != (SIDE, SIDE) or image.dtype != np.uint8:
        raise PictureError(OTHER_FORM)
    return image


def importance(
    classify: Callable[[UInt8Array], Probabilities], image: UInt8Array, digit: int, empty: int = 0
) -> NDArray[np.float64]:
    """Return how much each place of an image (28, 28) matters for a digit: (28, 28), -1 to 1.

    A pixel's value is the mean, over the patches that cover it and hold ink, of how much the
    digit's probability falls when the patch is emptied. It is negative where the ink speaks
    against the digit, and 0 far from all ink. Ink is what differs from the level `empty`.
    """
    sides = [slice(max(0, middle - REACH), middle + REACH + 1) for middle in range(0, SIDE, STEP)]
    inked = image != empty
    patches = [(rows, columns) for rows in sides for columns in sides if inked[rows, columns].any()]
    emptied = np.repeat(image[np.newaxis], len(patches) + 1, axis=0)  # the last one stays whole
    for number, patch in enumerate(patches):
        emptied[number][patch] = empty
    batches = [emptied[start : start + BATCH] for start in range(0, len(emptied), BATCH)]
    probabilities = np.concatenate([classify(batch) for batch in batches])[:, digit]
    falls, counts = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for patch, probability in zip(patches, probabilities, strict=False):
        falls[patch] += float(probabilities[-1]) - float(probability)
        counts[patch] += 1
    return falls / np.maximum(counts, 1)
