"""Go by a person's corrections at once, before the networks are trained on them.

Each corrected digit is kept as a key, its features, with its class as the value. Where the features
of a new digit are near a key's, the evidence for the key's class grows. This is Tip-Adapter (Zhang
et al., Tip-Adapter: Training-free Adaption of CLIP for Few-shot Classification, 2022, section 3)
with the nearest key of a class in place of the sum over its keys. `python -m benchmarks.teaching`
measures what it does; the constants were chosen by it, on validation digits and made ones.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from app.classes import Classes
from app.models import CHARACTERS
from app.rejection import MAX_NONE, MIN_CONFIDENCE, MIN_ROW_CONFIDENCE
from app.why import image_in
from pictures.arrays import UInt8Array
from pictures.normalise import SIDE

MAX_EXAMPLES = 500  # the newest ones: what is older has had its time to be trained on
# The evidence, in nats, of a key with the cosine similarity s is EVIDENCE * exp(-FALL * (1 - s)).
EVIDENCE, FALL = 22.0, 15.0
LEAST = 2.0  # nats, at a similarity of 0.84; less is none: answers to other digits stay as they are
SMALLEST = 1e-6  # the probability that is taken for 0

Features = NDArray[np.float32]  # (N, F), each row of length 1


class FeatureNetwork:
    """Gives what the network of handwriting/ sees in images, before it names a digit."""

    def __init__(self, model: Path = CHARACTERS) -> None:
        """Load the network; raise `ValueError` if it has no flattened layer."""
        self._runtime = Interpreter(
            model_content=model.read_bytes(),
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        self._input = self._runtime.get_input_details()[0]["index"]
        details = self._runtime.get_tensor_details()
        flat = [one["index"] for one in details if one["name"].endswith("/flatten_1/Reshape")]
        if not flat:
            raise ValueError(f"{model} has no layer flatten_1")
        self._features = flat[-1]

    def __call__(self, images: UInt8Array) -> Features:
        """Return the features of images (N, 28, 28); N is at least 1."""
        self._runtime.resize_tensor_input(self._input, (*images.shape, 1))
        self._runtime.allocate_tensors()
        self._runtime.set_tensor(self._input, images[..., np.newaxis].astype(np.float32))
        self._runtime.invoke()
        features = self._runtime.get_tensor(self._features).reshape(len(images), -1)
        length = np.linalg.norm(features, axis=1, keepdims=True)
        return np.asarray(features / np.maximum(length, SMALLEST), np.float32)


class Examples:
    """The corrected digits."""

    def __init__(
        self, classes: Classes, features_of: Callable[[UInt8Array], Features] | None = None
    ) -> None:
        self._classes, self._features_of = classes, features_of or FeatureNetwork()
        self._known: dict[str, tuple[int, Features]] = {}  # by file, the oldest first

    def __len__(self) -> int:
        return len(self._known)

    def add(self, file: str, pixels: bytes, label: int) -> None:
        """Add the 28x28 pixels of a digit, row by row, and the index of its class."""
        image = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
        self._known.pop(file, None)
        self._known[file] = label, self._features_of(image[np.newaxis])[0]
        while len(self._known) > MAX_EXAMPLES:
            del self._known[next(iter(self._known))]

    def remove(self, file: str) -> None:
        self._known.pop(file, None)

    def evidence(self, images: UInt8Array) -> NDArray[np.float64]:
        """Return how much speaks for each class in images (N, 28, 28): (N, C), in nats."""
        labels = np.array([label for label, _ in self._known.values()])
        keys = np.stack([features for _, features in self._known.values()])
        # Not with @: its threads wait for each other, on a busy machine for a second.
        similarity = np.einsum("nf,kf->nk", self._features_of(images), keys)
        weights = EVIDENCE * np.exp(-FALL * (1 - similarity.astype(np.float64)))
        weights[weights < LEAST] = 0
        found = np.zeros((len(images), len(self._classes)))
        np.maximum.at(found.T, labels, weights.T)
        return found

    def adjusted(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer of /read that goes by the corrections; itself if none is near."""
        digits = answer["digits"]
        if not digits or not self._known:
            return answer
        images = np.stack([image_in(digit["image"]) for digit in digits])
        evidence = self.evidence(images)
        if not evidence.any():
            return answer
        changed = [
            _taught(digit, more, self._classes)
            for digit, more in zip(digits, evidence, strict=True)
        ]
        return _with_digits(answer, changed, self._classes)


def combined(
    probabilities: NDArray[Any], none: NDArray[Any], evidence: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what the networks say with the evidence (N, C) added to it.

    Args:
        probabilities: (N, C), of the classes; a row sums to 1.
        none: (N,), that the image shows none of them.
        evidence: (N, C) in nats.
    """
    odds = np.maximum(probabilities * (1 - none)[:, np.newaxis], SMALLEST) * np.exp(evidence)
    total = odds.sum(axis=1)
    none = np.maximum(none, SMALLEST)
    return odds / total[:, np.newaxis], none / (total + none)


def _taught(
    digit: dict[str, Any], evidence: NDArray[np.float64], classes: Classes
) -> dict[str, Any]:
    """Return a digit of an answer with the evidence (C,) added; itself if there is none."""
    if not evidence.any():
        return digit
    known = np.array([digit["probabilities"]]), np.array([_none(digit)])
    (probabilities,), (none,) = combined(*known, evidence[np.newaxis])
    best = int(probabilities.argmax())
    return digit | {
        "digit": best,
        "name": classes[best],
        "confidence": float(probabilities[best]),
        "probabilities": probabilities.tolist(),
        "none": None if digit["none"] is None else float(none),
        "taught": best != digit["digit"],
    }


def _with_digits(
    answer: dict[str, Any], digits: list[dict[str, Any]], classes: Classes
) -> dict[str, Any]:
    """Return an answer with other digits, and what follows from them for the whole."""
    names = iter([classes[digit["digit"]] for digit in digits])
    if len(digits) == 1:
        text = next(names)
    else:
        text = "".join(next(names) if one.isdigit() else one for one in answer["text"])
    sure = [digit["confidence"] for digit in digits]
    factor = np.prod([_certainty(one) for one in digits]) / np.prod(
        [_certainty(one) for one in answer["digits"]]
    )
    confidence = float(min(answer["confidence"] * factor, np.prod(sure)))
    is_accepted = min(sure) >= MIN_CONFIDENCE and max(map(_none, digits)) <= MAX_NONE
    if len(digits) > 1:
        is_accepted = is_accepted and confidence >= MIN_ROW_CONFIDENCE
    reason = "" if is_accepted else answer["reason"]
    return answer | {"digits": digits, "text": text, "confidence": confidence, "reason": reason}


def _certainty(digit: dict[str, Any]) -> float:
    return max(float(digit["confidence"] * (1 - _none(digit))), SMALLEST)


def _none(digit: dict[str, Any]) -> float:
    """Return the probability that it is no digit; 0 if the answer leaves that open."""
    return float(digit["none"] or 0)
