"""Draw the learning curves, the confusion matrix, the mistakes and how sure the model is.

Reads: the metrics of each epoch (`--history`, CSV), the predictions (`--predictions`, CSV), the
scores (`--metrics`, JSON), some augmented images (`--augmented`, .npy), and
test_{images,labels}.npy and dataset.json in the folder `--processed`.
Writes: history.png, confusion.png, digits.png, confidence.png, misclassified.png, predictions.png
and augmentation.png in the folder `--plots`.
Parameters: plot.
"""

from typing import Annotated

from pydantic import Field

from stages.figures.history import history_figure
from stages.figures.image_grid import image_grid
from stages.figures.mistakes import misclassified_figure, predictions_figure
from stages.figures.scores import confidence_figure, confusion_figure, digits_figure
from stages.shared.arrays import load_array, load_split
from stages.shared.cli import parse_paths
from stages.shared.dataset import DATASET_FILE, read_dataset, read_predictions
from stages.shared.files import read_csv, read_json, write_figure
from stages.shared.params import Section, load_section

ImageCount = Annotated[int, Field(ge=1, le=100)]


class Plot(Section):
    predictions: ImageCount
    mistakes: ImageCount


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays",
        history="CSV file with the metrics of each epoch",
        predictions="CSV file with the predictions",
        metrics="JSON file with the scores",
        augmented=".npy file with augmented images",
        plots="folder for the pictures",
        params="parameter file",
    )
    settings = load_section(Plot, paths.params)
    history, predictions = read_csv(paths.history), read_predictions(paths.predictions)
    metrics = read_json(paths.metrics)
    dataset = read_dataset(paths.processed / DATASET_FILE)
    images = load_split(paths.processed, "test").images
    augmented = load_array(paths.augmented)

    name = dataset.name
    score = f"{name}: accuracy {metrics['accuracy']:.2%}"
    figures = {
        "history": history_figure(history, f"{name}: learning curves"),
        "confusion": confusion_figure(predictions, dataset, score),
        "digits": digits_figure(
            predictions,
            dataset,
            f"{name}: errors by {dataset.noun}, {metrics['errors']:,} in all",
        ),
        "confidence": confidence_figure(predictions, score),
        "misclassified": misclassified_figure(predictions, images, settings.mistakes, name),
        "predictions": predictions_figure(predictions, images, settings.predictions, name),
        "augmentation": image_grid(
            augmented, [""] * len(augmented), f"{name}: training images in the first epoch"
        ),
    }
    for picture, figure in figures.items():
        write_figure(paths.plots / f"{picture}.png", figure)
        print(paths.plots / f"{picture}.png")
