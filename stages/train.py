"""Train the CNN with a checkpoint after every epoch; early_stopping.py says whose weights are kept.

Reads: {train,validation}_{images,labels}.npy in the folder `--processed`.
Writes: the model with the weights kept (`--model`, .keras; for a runtime without TensorFlow
`--litert`, .tflite) and a row per epoch (`--history`, CSV).
Parameters: train.

A run that was killed goes on after its last finished epoch and ends in the same bytes as one that
was not: order, augmentation and dropout depend on the seed and the epoch alone, and the rest is in
the checkpoint.
"""

from pathlib import Path

import keras
import pandas as pd

from stages import model as models
from stages import params
from stages.checkpoint import CheckpointFolder, checkpoint_root, run_key
from stages.command import parse_paths, run
from stages.dataset import LabelledImages, load
from stages.early_stopping import History, kept_epoch
from stages.files import write_csv
from stages.network import train_network
from stages.runtime import describe_devices, make_deterministic, use_kernels

HISTORY_COLUMNS = ["network", "epoch", "learning_rate", "loss", "val_loss"]
HISTORY_COLUMNS += ["accuracy", "val_accuracy", "kept"]


def train(
    settings: params.Train,
    training: LabelledImages,
    validation: LabelledImages,
    checkpoints: CheckpointFolder,
) -> tuple[keras.Model, History]:
    """Train `settings.networks`, one after another; return their average and all histories.

    Each has a seed of its own, from `settings.seed` on. Networks and epochs that a killed run had
    finished are taken from its checkpoints.

    Raises `StageError` if the loss of an epoch is not finite.
    """
    networks, histories = [], []
    for number in range(settings.networks):
        if settings.networks > 1:
            print(f"network {number + 1} of {settings.networks}")
        network, history = train_network(settings, training, validation, checkpoints, number)
        networks.append(network)
        histories += [row | {"network": number + 1} for row in history]
    return models.average(networks, settings.test_time_shift), histories


def write_results(
    settings: params.Train,
    model: keras.Model,
    history: History,
    model_path: Path,
    history_path: Path,
) -> None:
    """Write the model and the history's rows, each network's kept one marked."""
    rows = []
    for number in range(1, settings.networks + 1):
        own = [row for row in history if row["network"] == number]
        kept = kept_epoch(own, settings.early_stopping)
        rows += [row | {"kept": int(index == kept)} for index, row in enumerate(own)]
        figure = settings.early_stopping.monitor
        print(f"kept epoch: {kept + 1} of {len(own)}, {figure} {own[kept][figure]:.4f}")
    models.save(model, model_path)
    write_csv(history_path, pd.DataFrame(rows, columns=HISTORY_COLUMNS))


def main() -> None:
    paths = parse_paths(
        __doc__,
        processed="folder with the arrays",
        model=".keras file for the model",
        litert=".tflite file for the same model",
        history="CSV file for the figures of each epoch",
        params="parameter file",
    )
    settings = params.load(params.Train, paths.params)
    use_kernels(settings.threads, settings.instruction_set)
    make_deterministic(settings.seed)

    training, validation = load(paths.processed, "train"), load(paths.processed, "validation")
    print(f"training images: {training.images.shape}, validation: {validation.images.shape}")
    print(f"devices: {describe_devices()}")

    files = sorted([*paths.processed.glob("*.npy"), *Path(__file__).parent.glob("*.py")])
    key = run_key(settings.model_dump(), files)
    with CheckpointFolder(checkpoint_root(Path.cwd()), key) as checkpoints:
        model, history = train(settings, training, validation, checkpoints)
        write_results(settings, model, history, paths.model, paths.history)
        models.export(paths.model, paths.litert)
        checkpoints.remove()


if __name__ == "__main__":
    run(main)
