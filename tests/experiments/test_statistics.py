import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from experiments.statistics import (
    Wrong,
    changed_sides,
    compare_groups,
    mcnemar,
    needed,
    probability_to_beat,
    variances,
)

EASY = 2e-4  # how often a run is wrong about an easy image
Random = np.random.Generator


def made_up_group(random: Random, shares: NDArray[np.float64], runs: int, effect: float) -> Wrong:
    """Return answers (runs, images) of runs that are wrong with these probabilities.

    `effect` is how much a run's seed raises or lowers all of its probabilities, at most.
    """
    factors = random.uniform(1 - effect, 1 + effect, (runs, 1))
    return random.random((runs, len(shares)), dtype=np.float32) < factors * shares


def made_up_case(random: Random, runs: int, effect: float) -> tuple[Wrong, Wrong, float]:
    """Return two groups and the true difference of their error rates, over all images and seeds.

    There are 1,000 to 10,000 images: most are easy, and the hard ones differ in how hard they are
    and for which group. A makes 0.4 to 3 % errors, B 0.6 to 1.6 times as many.
    """
    images = int(random.integers(1_000, 10_001))
    rate, ratio = random.uniform(0.004, 0.03), random.uniform(0.6, 1.6)
    hard = rate * random.uniform(2.5, 6)  # the share of hard images
    mean, sharpness = rate / hard, random.uniform(0.8, 3)
    count = random.binomial(images, hard)
    shares_a, other = random.beta(mean * sharpness, (1 - mean) * sharpness, (2, count))
    shares_b = np.where(random.random(count) < random.random(), shares_a, other)
    scale = 1 / ((1 + effect) * max(1, ratio))  # keeps probabilities at most 1
    groups = []
    for shares, factor in ((shares_a, scale), (shares_b, scale * ratio)):
        wrong = np.zeros((runs, images), bool)
        wrong[:, :count] = made_up_group(random, factor * shares, runs, effect)
        for run in wrong:
            slips = random.binomial(images - count, EASY * factor)
            run[random.integers(count, images, slips)] = True
        groups.append(wrong)
    truth = (rate + EASY * (1 - hard)) * scale * (ratio - 1)
    return groups[0], groups[1], truth
