"""Score how well digits and what is no digit are told apart."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from handwriting.settings import NONE

Floats = NDArray[np.float32]


def none_threshold(probabilities: Floats, refused: float) -> float:
    """Return the probability of "none" that the share `refused` of digits, (N, 11), exceeds."""
    return float(np.quantile(probabilities[:, NONE], 1 - refused))


def score_none(probabilities: Floats, digits: Floats, threshold: float) -> dict[str, float]:
    """Score images of no digit against digits, both (N, 11): AUROC, and the share not refused."""
    none = np.concatenate([probabilities[:, NONE], digits[:, NONE]])
    is_none = np.arange(len(none)) < len(probabilities)
    return {
        "images": len(probabilities),
        "auroc": float(roc_auc_score(is_none, none)),
        "taken": float((probabilities[:, NONE] <= threshold).mean()),
    }


def score_digits(
    probabilities: Floats, labels: NDArray[np.uint8], threshold: float
) -> dict[str, float]:
    """Score digits, (N, 11) and (N,): the share refused, and how many have the right digit."""
    return {
        "images": len(labels),
        "refused": float((probabilities[:, NONE] > threshold).mean()),
        "accuracy": float((probabilities[:, :NONE].argmax(axis=1) == labels).mean()),
    }


def score_all(
    predicted: Floats,
    labels: NDArray[np.uint8],
    counts: pd.DataFrame,
    plain: Floats,
    plain_labels: NDArray[np.uint8],
    refused: float,
) -> dict[str, Any]:
    """Score the validation images of every kind, and the plain validation digits.

    `predicted` (N, 11) and `labels` (N,) come kind after kind, as `counts` says.
    """
    threshold = none_threshold(plain, refused)
    scores: dict[str, Any] = {"none_threshold": threshold}
    scores["plain digits"] = score_digits(plain, plain_labels, threshold)
    own = counts[counts["split"] == "validation"]
    ends = own["images"].cumsum().to_numpy()
    for kind, start, end in zip(own["kind"], ends - own["images"].to_numpy(), ends, strict=True):
        rows = slice(start, end)
        if (labels[rows] == NONE).all():
            scores[kind] = score_none(predicted[rows], plain, threshold)
        else:
            scores[kind] = score_digits(predicted[rows], labels[rows], threshold)
    return scores
