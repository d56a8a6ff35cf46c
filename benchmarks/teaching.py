"""Measure how the page goes by corrections: python -m benchmarks.teaching [--hands 120].

Many hands are made up, and each of them writes each digit several times. Where a hand's digit is
mostly misread, one to three of the misread images are corrected; the others show what that does.
Corrections of other hands must not change the answers to ordinary digits: those of the validation
part. The output is the tables of docs/own-digits.md. Needs data/processed.
"""

import argparse
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.classes import DIGITS
from app.judge import Judge
from app.models import CHARACTERS, default_model
from app.teaching import Examples, FeatureNetwork, Features, combined
from benchmarks.unusual_hands import hand, written
from handwriting.distortion import Random
from pictures.arrays import UInt8Array
from pictures.box import Box
from pictures.segment import Digit
from stages.shared.cli import StageError, run

TIMES = 16  # that a hand writes a digit
LEAST = 4  # misread ones, of a digit that is corrected
REPEATS = 3  # draws of the digits that are corrected
MANY = (20, 200)  # corrections of other hands
DRAWS = 30  # of them


class Judged(NamedTuple):
    """Images of digits, and what the networks say of them."""

    images: UInt8Array  # (N, 28, 28)
    labels: NDArray[np.int64]  # (N,)
    probabilities: NDArray[np.float32]  # (N, 10)
    none: NDArray[np.float32]  # (N,)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        return np.asarray(self.probabilities.argmax(axis=1) != self.labels)

    def part(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Judged":
        images, labels, probabilities, none = (values[which] for values in self)
        return Judged(images, labels, probabilities, none)  # type: ignore[arg-type]


def judged(images: UInt8Array, labels: NDArray[np.int64]) -> Judged:
    """Ask the networks, as the app does."""
    parts = [images[start : start + 64] for start in range(0, len(images), 64)]
    verdicts = [_judge()([Digit(Box(0, 0, 1, 1), one) for one in part]) for part in parts]
    probabilities = np.concatenate([verdict.probabilities for verdict in verdicts])
    none = np.concatenate([verdict.none for verdict in verdicts])
    return Judged(images, labels.astype(np.int64), probabilities, none)


def made(random: Random) -> Judged:
    """Let a hand write each digit, in the order of the digits."""
    own = hand(random)
    tries = [(label, written(own, label, random)) for label in range(10) for _ in range(TIMES)]
    seen = [(label, image) for label, image in tries if image is not None]
    return judged(np.stack([image for _, image in seen]), np.array([label for label, _ in seen]))


class Recall:
    """Gives the features of images, each of which the network sees only once."""

    def __init__(self) -> None:
        self._network = FeatureNetwork()
        self._known: dict[bytes, Features] = {}

    def __call__(self, images: UInt8Array) -> Features:
        keys = [image.tobytes() for image in images]
        for key, image in zip(keys, images, strict=True):
            if key not in self._known:
                self._known[key] = self._network(image[np.newaxis])[0]
        return np.stack([self._known[key] for key in keys])


@cache
def _features() -> Recall:
    return Recall()


@cache
def _judge() -> Judge:
    return Judge(default_model(), CHARACTERS)


def taught(corrections: Judged, others: Judged) -> NDArray[np.bool_]:
    """Return which of the other images (N,) are wrong after the corrections."""
    examples = Examples(DIGITS, _features())
    for number, (image, label) in enumerate(zip(*corrections[:2], strict=True)):
        examples.add(str(number), image.tobytes(), int(label))
    evidence = examples.evidence(others.images)
    probabilities, _ = combined(others.probabilities, others.none, evidence)
    return np.asarray(probabilities.argmax(axis=1) != others.labels)


def share_corrected(hands: list[Judged], count: int, random: Random) -> str:
    """Return a line: what `count` corrections do to a hand's alike digits, and to its others."""
    corrected, alike, harmed, right = 0, 0, 0, 0
    for own in hands:
        others = own.part(~own.wrong)
        for label in range(10):
            misread = np.flatnonzero(own.wrong & (own.labels == label))
            for _ in range(REPEATS if len(misread) >= LEAST else 0):
                random.shuffle(misread)
                corrections, rest = own.part(misread[:count]), own.part(misread[count:])
                corrected += int((~taught(corrections, rest)).sum())
                alike += len(rest.labels)
                harmed += int(taught(corrections, others).sum())
                right += len(others.labels)
    return f"| {count} | {alike:,} | {corrected / alike:.1%} | {harmed / right:.2%} |"


def share_changed(hands: list[Judged], ordinary: Judged, count: int, random: Random) -> str:
    """Return a line: how many right answers to ordinary digits `count` corrections make wrong."""
    wrong = [own.part(own.wrong) for own in hands]
    misread = Judged(*(np.concatenate(values) for values in zip(*wrong, strict=True)))
    right = ordinary.part(~ordinary.wrong)
    changed = [
        taught(misread.part(random.choice(len(misread.labels), count, replace=False)), right).mean()
        for _ in range(DRAWS)
    ]
    return f"| {count} | {len(right.labels):,} | {np.mean(changed):.3%} |"


def milliseconds(ordinary: Judged) -> float:
    """Return the median time for one digit with 200 corrections."""
    examples = Examples(DIGITS)
    for number in range(200):
        examples.add(str(number), ordinary.images[number].tobytes(), 0)
    times = []
    for image in ordinary.images[:200]:
        start = time.perf_counter()
        examples.evidence(image[np.newaxis])
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processed", type=Path, default=Path("data/processed"))
    parser.add_argument("--hands", type=int, default=120)
    options = parser.parse_args()
    files = [options.processed / f"validation_{kind}.npy" for kind in ("images", "labels")]
    if missing := [file for file in files if not file.exists()]:
        raise StageError(f"{missing[0]} is missing; type `dvc repro preprocess`")
    images, labels = (np.load(file) for file in files)
    ordinary, random = judged(images[..., 0], labels), np.random.default_rng(1)
    hands = [made(random) for _ in range(options.hands)]
    share = np.mean(np.concatenate([own.wrong for own in hands]))
    print(f"{options.hands} hands; {share:.1%} of their digits are misread\n")
    print("| corrections | alike digits | corrected | other digits of the hand changed |")
    print("|---|---|---|---|")
    for count in (1, 2, 3):
        print(share_corrected(hands, count, random))
    print("\n| corrections | ordinary digits | changed |\n|---|---|---|")
    for count in MANY:
        print(share_changed(hands, ordinary, count, random))
    print(f"\n{milliseconds(ordinary):.2f} ms for a digit with 200 corrections")


if __name__ == "__main__":
    run(main)
