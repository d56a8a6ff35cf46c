"""Train the CNN with a checkpoint after every epoch, and keep the epoch that validates best.

Reads: in the folder `--processed`, dataset.json and
{train,validation,own_train}_{images,labels}.npy; and the model that `train.start_from` names.
Writes: the model with the kept weights, as .keras (`--model`) and as .tflite for LiteRT
(`--litert`); the metrics of each epoch (`--history`, CSV) and of the kept one (`--progress`, JSON),
both anew after every epoch, so that a run can be watched; and the first training images as
augmentation leaves them (`--augmented`, .npy).
Parameters: train.

A run that was killed goes on after its last finished epoch and ends in the same bytes as one that
was not: order, augmentation and dropout depend on the seed and the epoch alone, and the checkpoint
holds the states of weights, optimizer and generators.
"""

from pathlib import Path

import keras
import numpy as np
import pandas as pd

from stages.shared.arrays import UInt8Array, save_array
from stages.shared.cli import parse_paths
from stages.shared.dataset import DATASET_FILE
from stages.shared.files import write_csv, write_json
from stages.shared.params import load_section
from stages.training.checkpoint import CheckpointFolder, checkpoint_root, run_key
from stages.training.determinism import describe_devices, make_deterministic, use_kernels
from stages.training.early_stopping import History
from stages.training.ensemble import ensemble
from stages.training.inputs import Inputs, load_inputs
from stages.training.mixing import mixed_batches
from stages.training.model_file import export_litert, save_model
from stages.training.settings import Train
from stages.training.trainer import Report, train_network

HISTORY_COLUMNS = ["network", "epoch", "learning_rate", "loss", "val_loss"]
HISTORY_COLUMNS += ["accuracy", "val_accuracy", "kept"]
AUGMENTED_IMAGES = 40


def train(
    settings: Train,
    inputs: Inputs,
    checkpoints: CheckpointFolder,
    report: Report,
) -> keras.Model:
    """Train `settings.networks` one after another and return their ensemble.

    Each network has a seed of its own, from `settings.seed` on. Finished networks and epochs are
    taken from the checkpoints of a killed run. `report` gets the rows of all epochs so far, after
    each epoch and when a run resumes; the last call has all rows.

    Raises `StageError` if the loss of an epoch is not finite.
    """
    networks: list[keras.Model] = []
    finished: History = []

    def report_all(rows: History) -> None:
        report([*finished, *rows])

    for index in range(settings.networks):
        if settings.networks > 1:
            print(f"network {index + 1} of {settings.networks}")
        network, rows = train_network(settings, inputs, checkpoints, index, report=report_all)
        networks.append(network)
        finished += rows
    return ensemble(networks, settings.test_time_shift)


def summarise(history: History) -> dict[str, float]:
    """Return the number of finished epochs, and the metrics of the epoch that would be kept now.

    `history` has at least one row. Of several networks, the one in training is told.
    """
    kept = next(row for row in reversed(history) if row["kept"])
    metrics = {name: kept[name] for name in ("loss", "val_loss", "val_accuracy")}
    return {"epoch": len(history), "kept_epoch": kept["epoch"], **metrics}


def open_checkpoints(settings: Train, processed: Path) -> CheckpointFolder:
    """Return the folder, in the project, for the states of this training."""
    data = [*processed.glob("*.npy"), processed / DATASET_FILE]
    files = sorted([*data, *Path(__file__).parent.rglob("*.py")])
    if settings.start_from:
        files.append(Path(settings.start_from))
    return CheckpointFolder(checkpoint_root(Path.cwd()), run_key(settings.model_dump(), files))


def report_to(history: Path, progress: Path) -> Report:
    """Return a function that writes the rows of all epochs so far to these files."""

    def report(rows: History) -> None:
        write_csv(history, pd.DataFrame(rows, columns=HISTORY_COLUMNS))
        write_json(progress, summarise(rows))

    return report


def augmented_images(settings: Train, inputs: Inputs) -> UInt8Array:
    """Return the first images (N, 28, 28, 1) of the first epoch, distorted; N is at most 40."""
    batches = mixed_batches(inputs, settings, settings.seed, range(1))
    images, _ = next(iter(batches.take(1)))
    return np.asarray(images[:AUGMENTED_IMAGES])


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays",
        model=".keras file for the model",
        litert=".tflite file for the same model",
        history="CSV file for the metrics of each epoch",
        progress="JSON file for the last epoch and the kept one",
        augmented=".npy file for some augmented images",
        params="parameter file",
    )
    settings = load_section(Train, paths.params)
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)

    inputs = load_inputs(paths.processed, settings.start_from)
    shapes = inputs.training.images.shape, inputs.validation.images.shape
    print(f"training images: {shapes[0]}, validation: {shapes[1]}")
    if own := len(inputs.own.labels):
        print(f"own pictures for training: {own:,}, {settings.own_share:.0%} of each batch")
    print(f"devices: {describe_devices()}")

    report = report_to(paths.history, paths.progress)
    with open_checkpoints(settings, paths.processed) as checkpoints:
        model = train(settings, inputs, checkpoints, report)
        save_model(model, paths.model)
        export_litert(paths.model, paths.litert)
        save_array(paths.augmented, augmented_images(settings, inputs))
        checkpoints.remove()
