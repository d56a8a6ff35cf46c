"""Test images that the model misreads or is unsure of.

`predictions` has the columns of metrics/predictions.csv; `images` are the test images
(N, 28, 28, 1) uint8.
"""

import pandas as pd
from matplotlib.figure import Figure

from stages.figures import BLUE, ORANGE
from stages.figures.image_grid import image_grid
from stages.shared.arrays import UInt8Array


def misclassified_figure(
    predictions: pd.DataFrame, images: UInt8Array, max_images: int, title: str
) -> Figure:
    """Draw up to `max_images` mistakes, the most confident first, of the images (N, 28, 28, 1)."""
    mistakes = predictions[predictions["label"] != predictions["predicted"]]
    worst = mistakes.sort_values(["confidence", "index"], ascending=[False, True]).head(max_images)
    captions = [
        f"{row.label} taken for {row.predicted}\n{row.confidence:.1%}, then {row.runner_up}\n"
        f"image {row.index}"
        for row in worst.itertuples(index=False)
    ]
    if len(mistakes) < 2:
        which = "the only mistake" if captions else "no mistake"
    elif len(worst) == len(mistakes):
        which = f"all {len(mistakes):,} mistakes"
    else:
        which = f"the {len(worst)} most confident of {len(mistakes):,} mistakes"
    heading = f"{title}: {which} in {len(predictions):,} test images"
    return image_grid(images[worst["index"]], captions, heading, [ORANGE] * len(worst))


def predictions_figure(
    predictions: pd.DataFrame, images: UInt8Array, count: int, title: str
) -> Figure:
    """Draw the `count` images of (N, 28, 28, 1) that the model is least sure of."""
    unsure = predictions.sort_values(["confidence", "index"]).head(count)
    right = (unsure["label"] == unsure["predicted"]).tolist()
    captions = [
        f"{'✓' if correct else '✗'} read {row.predicted}, is {row.label}\n"
        f"{row.confidence:.1%}, then {row.runner_up}"
        for correct, row in zip(right, unsure.itertuples(index=False), strict=True)
    ]
    colours = [BLUE if correct else ORANGE for correct in right]
    heading = f"{title}: the test images of which the model is least sure"
    return image_grid(images[unsure["index"]], captions, heading, colours)
