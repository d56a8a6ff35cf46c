"""The trained model in the small LiteRT runtime: images in, probabilities out."""

import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

Probabilities = NDArray[np.float32]  # (N, 10)


class Classifier:
    """A .tflite model of images (N, 28, 28, 1) in 0 to 255."""

    def __init__(self, path: Path) -> None:
        """Raise `OSError` or `ValueError` if there is no such model."""
        self._runtime = Interpreter(
            model_content=path.read_bytes(),
            num_threads=1,
            # The default delegate is quicker by less than a millisecond, and greets on stderr.
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._input = self._runtime.get_input_details()[0]["index"]
        self._output = self._runtime.get_output_details()[0]["index"]
        self._lock = threading.Lock()

    def __call__(self, images: NDArray[np.uint8]) -> Probabilities:
        """Return the ten probabilities of each of (N, 28, 28) uint8 images, N at least 1."""
        with self._lock:  # the runtime has one set of buffers
            self._runtime.resize_tensor_input(self._input, (*images.shape, 1))
            self._runtime.allocate_tensors()
            self._runtime.set_tensor(self._input, images[..., np.newaxis].astype(np.float32))
            self._runtime.invoke()
            return np.array(self._runtime.get_tensor(self._output))
