"""Train the CNN, with a checkpoint after every epoch, and keep the epoch that validates best.

Reads: {train,validation}_{images,labels}.npy in the folder `--processed`.
Writes: the model with its best weights (`--model`, .keras; for a runtime without TensorFlow
`--litert`, .tflite) and a row per epoch (`--history`, CSV).
Parameters: train.

A run that was killed goes on after its last finished epoch and ends in the same bytes as one that
was not: order, augmentation and dropout depend on the seed and the epoch alone, and the rest is in
the checkpoint.
"""

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages import model as models
from stages import params
from stages.batches import batches_of_epochs
from stages.checkpoint import CheckpointFolder, State, checkpoint_root, run_key
from stages.command import StageError, parse_paths, run
from stages.dataset import LabelledImages, load
from stages.early_stopping import History, best_epoch, is_over
from stages.files import write_csv
from stages.runtime import describe_devices, make_deterministic, use_kernels, verbosity
from stages.schedule import SCHEDULES

VALIDATION_BATCH_SIZE = 1000
HISTORY_COLUMNS = ["network", "epoch", "learning_rate", "loss", "val_loss"]
HISTORY_COLUMNS += ["accuracy", "val_accuracy", "best"]


class EpochEnd(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """After each epoch: refuse a loss that is not finite, note the best, save the state, stop."""

    def __init__(
        self, settings: params.Train, checkpoints: CheckpointFolder, state: State, network: int
    ) -> None:
        super().__init__()
        self.network = network
        self.stopping = settings.early_stopping
        self.checkpoints = checkpoints
        self.history = list(state.history)
        self.best_weights = state.best_weights

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if not (math.isfinite(logs["loss"]) and math.isfinite(logs["val_loss"])):
            raise StageError(
                f"the loss of epoch {epoch + 1} is {logs['loss']}, on validation "
                f"{logs['val_loss']}, expected a finite one; no model was written: "
                "lower train.learning_rate in params.yaml and type `dvc repro`"
            )
        rate = float(self.model.optimizer.learning_rate)
        history = [*self.history, {"epoch": epoch + 1, "learning_rate": rate, **logs}]
        if best_epoch(history, self.stopping) == epoch:
            self.best_weights = self.model.get_weights()
        state = State(history, variables_of(self.model), self.best_weights)
        self.checkpoints.save(state, self.network)
        self.history = history  # only now: what is in it is on the disk
        self.model.stop_training = is_over(self.history, self.stopping)


def state_tree(model: keras.Model) -> dict[str, Any]:
    """Return weights, optimizer and seed generators' states; metrics begin anew in each epoch."""
    tree: dict[str, Any] = model.get_state_tree()
    del tree["metrics_variables"]
    return tree


def variables_of(model: keras.Model) -> list[NDArray[Any]]:
    """Return the leaves of the state tree, in Keras's own order."""
    return [np.asarray(leaf) for leaf in keras.tree.flatten(state_tree(model))]


def restore(model: keras.Model, variables: list[NDArray[Any]]) -> None:
    """Put back what `variables_of` returned."""
    model.set_state_tree(keras.tree.pack_sequence_as(state_tree(model), variables))


def compiled_model(settings: params.Train, steps_per_epoch: int) -> keras.Model:
    """Build the model that the parameters name, ready to train."""
    model = models.build(settings.model, settings.dropout)
    schedule = SCHEDULES[settings.schedule]
    optimizer = keras.optimizers.get(settings.optimizer)
    optimizer.learning_rate = schedule(settings.learning_rate, settings.epochs * steps_per_epoch)
    model.compile(
        optimizer=optimizer,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # XLA on the CPU is several times slower
    )
    optimizer.build(model.trainable_variables)  # so that its state is there to be restored
    return model


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
    return models.average(networks), histories


def train_network(
    settings: params.Train,
    training: LabelledImages,
    validation: LabelledImages,
    checkpoints: CheckpointFolder,
    number: int,
) -> tuple[keras.Model, History]:
    """Train one network from scratch or from its last checkpoint; return the best epoch's."""
    seed = settings.seed + number
    keras.utils.set_random_seed(seed)
    steps_per_epoch = math.ceil(len(training.labels) / settings.batch_size)
    model = compiled_model(settings, steps_per_epoch)
    print(f"parameters: {model.count_params():,}")
    state = checkpoints.load(number) or State([], [], [])
    if state.history:
        print(f"resuming after epoch {len(state.history)} of {settings.epochs}")
        restore(model, state.variables)
    at_epoch_end = EpochEnd(settings, checkpoints, state, number)
    epochs = range(len(state.history), settings.epochs)
    if epochs and not is_over(state.history, settings.early_stopping):
        try:
            model.fit(
                batches_of_epochs(
                    training, settings.batch_size, settings.augmentation, seed, epochs
                ),
                steps_per_epoch=steps_per_epoch,
                initial_epoch=epochs.start,
                epochs=epochs.stop,
                validation_data=validation,
                validation_batch_size=VALIDATION_BATCH_SIZE,
                callbacks=[at_epoch_end],
                shuffle=False,  # the batches come in the order of their epoch
                verbose=verbosity(),
            )
        except KeyboardInterrupt:
            raise StageError(
                f"interrupted; {len(at_epoch_end.history)} of {settings.epochs} epochs are kept: "
                "type `dvc repro` to go on after them"
            ) from None
    # Built anew, without an optimizer: its state would be that of the last epoch, and its schedule
    # a class that only this project has.
    best = models.build(settings.model, settings.dropout)
    best.set_weights(at_epoch_end.best_weights)
    return best, at_epoch_end.history


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


def write_results(
    settings: params.Train,
    model: keras.Model,
    history: History,
    model_path: Path,
    history_path: Path,
) -> None:
    """Write the model and the history's rows, each network's best one marked."""
    rows = []
    for number in range(1, settings.networks + 1):
        own = [row for row in history if row["network"] == number]
        best = best_epoch(own, settings.early_stopping)
        rows += [row | {"best": int(index == best)} for index, row in enumerate(own)]
        figure = settings.early_stopping.monitor
        print(f"best epoch: {best + 1} of {len(own)}, {figure} {own[best][figure]:.4f}")
    models.save(model, model_path)
    write_csv(history_path, pd.DataFrame(rows, columns=HISTORY_COLUMNS))


if __name__ == "__main__":
    run(main)
