"""The array types of app/: what each holds, its shape, dtype and range."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Float32 and int32 arrays are Any here, because OpenCV's annotations do not give their dtype.

# (H, W) or (H, W, channels) float32, 0 to 1. In grey levels 0 is black; in ink 0 is paper.
Levels = NDArray[Any]
# (H, W) bool, True where there is ink.
Mask = NDArray[np.bool_]
# (H, W) int32: 0 is background, each connected component has a label from 1 up.
Labels = NDArray[Any]
# (28, 28) or (N, 28, 28) uint8 in MNIST's form, 0 is background and 255 full ink; or a drawing
# of such images, (H, W).
UInt8Array = NDArray[np.uint8]
# (N, C) float32, the probability of each class, mostly the ten digits; a row sums to 1.
Probabilities = NDArray[np.float32]
