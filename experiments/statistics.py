"""Is a difference in errors more than chance? Two groups of runs on the same test images.

Two things are drawn at random: the seeds of the runs and the test images. They are crossed, as
every run answers every image. The variance of the mean difference is therefore the sum of

- the variance of the images' differences, divided by their number. It holds what a seed does to
  single images, too;
- for each group, the variance of what a seed does to all images of a network alike, divided by the
  number of seeds. It is what the runs' error rates vary more than independent images explain
  (analysis of variance, two-way with crossed random effects; at least 0, pooled over both groups).

Sources: the crossed variance, Owen, "The pigeonhole bootstrap" (2007); degrees of freedom,
Satterthwaite, "An approximate distribution of estimates of variance components" (1946); two
made-up disagreements for small counts, Bonett and Price, "Adjusted Wald confidence interval for a
difference of binomial proportions based on paired data" (2012); the test of single runs, McNemar,
"Note on the sampling error of the difference between correlated proportions" (1947); the
probability that B beats A, Bouthillier et al., "Accounting for variance in machine learning
benchmarks" (2021). Chosen by simulation: tests/experiments/test_statistics.py has it.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm, t

CONFIDENCE_LEVEL = 0.95
ROUNDING = 1e-9  # a smaller share of a variance is no more than the error of adding floats
POWER = 0.8  # how often the seeds asked for would show a difference of the size found

Wrong = NDArray[np.bool_]  # (runs, images), True where a run is wrong


class Variances(NamedTuple):
    """The parts of the variance of an error rate; the error rates are from 0 to 1."""

    images: float  # of the mean difference, by the test images and what a seed does to each of them
    noise: float  # of one run's error rate, by what its seed does to single images
    seed: float  # of one run's error rate, by what its seed does to all images alike
    between: float  # of the runs' error rates within a group, as they are
    degrees: int  # of freedom of `between`; 0 with one run in each group


class Comparison(NamedTuple):
    """What two groups of runs say about B minus A, in errors per test set."""

    difference: float  # errors of a run of B minus errors of a run of A, mean
    low: float  # 95 % interval of the difference
    high: float
    p_value: float
    beats: float | None  # how probably a run of B has fewer errors than one of A; None: single runs
    only_a: int  # images that most runs of A have right, and most runs of B wrong
    only_b: int


class Needed(NamedTuple):
    """What would show a difference of the size found: seeds in each group, or else test images.

    If both are None, it takes more of both.
    """

    seeds: int | None  # with these test images
    images: int | None  # with these seeds


def compare_groups(a: Wrong, b: Wrong) -> Comparison:
    """Compare two groups of runs on the same images, (runs, images) each.

    A difference of single runs is tested exactly, with McNemar's test.
    """
    images = a.shape[1]
    parts = variances(a, b)
    per_seed = 1 / len(a) + 1 / len(b)
    variance = parts.images + per_seed * parts.seed
    degrees = math.inf
    if parts.seed:
        degrees = parts.degrees * (variance / (per_seed * parts.between)) ** 2
    error = math.sqrt(variance)
    difference = float(b.mean() - a.mean())
    centre = difference * images / (images + 2)
    margin = error * float(t.ppf((1 + CONFIDENCE_LEVEL) / 2, degrees))
    only_a, only_b = (int(changed.sum()) for changed in changed_sides(a, b))
    return Comparison(
        difference=images * difference,
        low=images * (centre - margin),
        high=images * (centre + margin),
        p_value=2 * float(t.sf(abs(centre) / error, degrees))
        if parts.degrees
        else mcnemar(only_a, only_b),
        beats=probability_to_beat(a, b) if min(len(a), len(b)) > 1 else None,
        only_a=only_a,
        only_b=only_b,
    )


def variances(a: Wrong, b: Wrong) -> Variances:
    """Estimate the parts of the variance from two groups of runs, (runs, images) each.

    Two images are added, one that only A has right and one that only B has right. As the mean of
    several runs is finer than a single answer, each counts less by their number.
    """
    images = a.shape[1]
    differences = b.mean(axis=0) - a.mean(axis=0)
    made_up = 1 / len(a) + 1 / len(b)  # the sum of two squares; 2 for single runs
    mean = differences.sum() / (images + 2)
    spread = (np.square(differences).sum() + made_up) / (images + 2) - mean**2
    between = residual = 0.0
    degrees = len(a) + len(b) - 2
    for wrong in (a, b):
        rates, shares, mean = wrong.mean(axis=1), wrong.mean(axis=0), wrong.mean()
        of_rates = float(np.square(rates - mean).sum())
        between += of_rates
        # An answer is 0 or 1, so the sum of squares within the images is that of p(1 - p).
        residual += len(wrong) * float((shares * (1 - shares)).sum()) - images * of_rates
    if degrees:
        between /= degrees
        residual /= degrees * max(images - 1, 1)  # of a single image nothing is left
    seed = between - residual / images
    return Variances(
        images=float(spread) / (images + 2),
        noise=residual / images,
        seed=seed if seed > ROUNDING * between else 0.0,
        between=between,
        degrees=degrees,
    )


def needed(a: Wrong, b: Wrong) -> Needed | None:
    """Return what would show the difference found between two groups that did not show it.

    With single runs, all of the variance may come from the seeds: the number is the least possible.
    Without any difference the answer is None.
    """
    difference = float(b.mean() - a.mean())
    if difference == 0:
        return None
    parts = variances(a, b)
    allowed = (difference / (norm.ppf((1 + CONFIDENCE_LEVEL) / 2) + norm.ppf(POWER))) ** 2
    if parts.degrees:
        by_seeds = 2 * (parts.noise + parts.seed)
        by_images = max(parts.images - (1 / len(a) + 1 / len(b)) * parts.noise, 0.0)
    else:
        by_seeds, by_images = parts.images, 0.0
    if allowed > by_images:
        more = max(len(a), len(b)) + 1
        return Needed(max(math.ceil(by_seeds / (allowed - by_images)), more), None)
    left = allowed - (1 / len(a) + 1 / len(b)) * parts.seed
    return Needed(None, math.ceil(a.shape[1] * parts.images / left) if left > 0 else None)


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the p-value of the exact test: is each disagreement as likely to be either way?"""
    disagreements = only_a + only_b
    return float(binomtest(only_a, disagreements).pvalue) if disagreements else 1.0


def probability_to_beat(a: Wrong, b: Wrong) -> float:
    """Return the share of pairs of runs in which B has fewer errors than A; a tie counts half."""
    errors_a, errors_b = a.sum(axis=1)[:, np.newaxis], b.sum(axis=1)
    return float(((errors_b < errors_a) + 0.5 * (errors_b == errors_a)).mean())


def changed_sides(a: Wrong, b: Wrong) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Mark the images (N,) that most runs of A alone have right, and those of B alone."""
    wrong_a, wrong_b = a.mean(axis=0), b.mean(axis=0)
    return (wrong_a < 0.5) & (wrong_b > 0.5), (wrong_b < 0.5) & (wrong_a > 0.5)
