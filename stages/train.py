"""Train the CNN with a checkpoint after every epoch, and keep the epoch that validates best.

Reads: {train,validation}_{images,labels}.npy in the folder `--processed`.
Writes: the model with the kept weights, as .keras (`--model`) and as .tflite for LiteRT
(`--litert`), and a row per epoch (`--history`, CSV).
Parameters: train.

A run that was killed goes on after its last finished epoch and ends in the same bytes as one that
was not: order, augmentation and dropout depend on the seed and the epoch alone, and the checkpoint
holds the states of weights, optimizer and generators.
"""

from pathlib import Path

import keras
import pandas as pd

from stages.shared.cli import parse_paths
from stages.shared.dataset import LabelledImages, load_split
from stages.shared.files import write_csv
from stages.shared.params import load_section
from stages.training.checkpoint import CheckpointFolder, checkpoint_root, run_key
from stages.training.determinism import describe_devices, make_deterministic, use_kernels
from stages.training.early_stopping import History
from stages.training.ensemble import ensemble
from stages.training.model_file import export_litert, save_model
from stages.training.settings import Train
from stages.training.trainer import train_network

HISTORY_COLUMNS = ["network", "epoch", "learning_rate", "loss", "val_loss"]
HISTORY_COLUMNS += ["accuracy", "val_accuracy", "kept"]


def train(
    settings: Train,
    training: LabelledImages,
    validation: LabelledImages,
    checkpoints: CheckpointFolder,
) -> tuple[keras.Model, History]:
    """Train `settings.networks` one after another; return their ensemble and all rows of history.

    Each network has a seed of its own, from `settings.seed` on. Finished networks and epochs are
    taken from the checkpoints of a killed run.

    Raises `StageError` if the loss of an epoch is not finite.
    """
    networks, history = [], []
    for index in range(settings.networks):
        if settings.networks > 1:
            print(f"network {index + 1} of {settings.networks}")
        network, rows = train_network(settings, training, validation, checkpoints, index)
        networks.append(network)
        history += rows
    return ensemble(networks, settings.test_time_shift), history


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays",
        model=".keras file for the model",
        litert=".tflite file for the same model",
        history="CSV file for the metrics of each epoch",
        params="parameter file",
    )
    settings = load_section(Train, paths.params)
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)

    training = load_split(paths.processed, "train")
    validation = load_split(paths.processed, "validation")
    print(f"training images: {training.images.shape}, validation: {validation.images.shape}")
    print(f"devices: {describe_devices()}")

    files = sorted([*paths.processed.glob("*.npy"), *Path(__file__).parent.rglob("*.py")])
    key = run_key(settings.model_dump(), files)
    with CheckpointFolder(checkpoint_root(Path.cwd()), key) as checkpoints:
        model, history = train(settings, training, validation, checkpoints)
        save_model(model, paths.model)
        write_csv(paths.history, pd.DataFrame(history, columns=HISTORY_COLUMNS))
        export_litert(paths.model, paths.litert)
        checkpoints.remove()
