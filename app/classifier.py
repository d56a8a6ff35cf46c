"""A trained network in LiteRT, a small runtime that needs no TensorFlow."""

import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from pictures.arrays import Levels, Probabilities, UInt8Array


class Classifier:
    """A .tflite model that takes images (N, H, W, 1) float32 and gives probabilities."""

    def __init__(self, model: Path | bytes) -> None:
        """Load a model file or its content; raise `OSError` or `ValueError` if it is no model."""
        self._runtime = Interpreter(
            model_content=model if isinstance(model, bytes) else model.read_bytes(),
            num_threads=1,
        )
        self._input = self._runtime.get_input_details()[0]["index"]
        self._output = self._runtime.get_output_details()[0]["index"]
        self._lock = threading.Lock()

    def __call__(self, images: UInt8Array | Levels) -> Probabilities:
        """Return the model's output for images (N, H, W); N is at least 1."""
        with self._lock:  # the runtime has one set of buffers
            self._runtime.resize_tensor_input(self._input, (*images.shape, 1))
            self._runtime.allocate_tensors()
            self._runtime.set_tensor(self._input, images[..., np.newaxis].astype(np.float32))
            self._runtime.invoke()
            return np.array(self._runtime.get_tensor(self._output))
