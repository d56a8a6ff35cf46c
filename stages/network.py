"""One network's training, from its seed or last checkpoint to the weights that are kept."""

import math
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from stages import model as models
from stages import params
from stages.batches import batches_in_order, batches_of_epochs
from stages.checkpoint import CheckpointFolder, State
from stages.command import StageError
from stages.dataset import LabelledImages
from stages.early_stopping import History, is_over, kept_epoch
from stages.runtime import verbosity
from stages.schedule import SCHEDULES

VALIDATION_BATCH_SIZE = 1000  # images


def train_network(
    settings: params.Train,
    training: LabelledImages,
    validation: LabelledImages,
    checkpoints: CheckpointFolder,
    number: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> tuple[keras.Model, History]:
    """Train the run's network `number`, from 0 on; return it as its kept epoch left it.

    Epochs that a killed run had finished are taken from its checkpoints. `callbacks` may look on.

    Raises `StageError` if the loss of an epoch is not finite. Ctrl-C ends the process.
    """
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
        with _ending_on_interrupt(at_epoch_end, settings.epochs):
            model.fit(
                batches_of_epochs(
                    training, settings.batch_size, settings.augmentation, seed, epochs
                ),
                initial_epoch=epochs.start,
                epochs=epochs.stop,
                validation_data=batches_in_order(validation, VALIDATION_BATCH_SIZE),
                callbacks=[at_epoch_end, *callbacks],
                shuffle=False,  # the batches come in the order of their epoch
                verbose=verbosity(),
            )
    # Built anew, without an optimizer: its state would be that of the last epoch, and its schedule
    # a class that only this project has.
    kept = models.build(settings.model, settings.dropout)
    kept.set_weights(at_epoch_end.kept_weights)
    return kept, at_epoch_end.history


@contextmanager
def _ending_on_interrupt(at_epoch_end: "EpochEnd", epochs: int) -> Iterator[None]:
    """End the process on Ctrl-C and say how to go on.

    A KeyboardInterrupt that falls into a destructor, of which each epoch's end has some, is lost.
    """

    def end(*_: object) -> None:
        message = (
            f"error: interrupted; {len(at_epoch_end.history)} of {epochs} epochs are kept: "
            "type the same command again, such as `dvc repro`, to go on after them\n"
        )
        os.write(sys.stderr.fileno(), message.encode())  # print may be under way already
        os._exit(1)

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
        steps_per_execution=settings.steps_per_execution,
        jit_compile=False,  # XLA on the CPU is several times slower
    )
    optimizer.build(model.trainable_variables)  # so that its state is there to be restored
    return model


class EpochEnd(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """After each epoch: refuse a loss that is not finite, note what is kept, save, stop."""

    def __init__(
        self, settings: params.Train, checkpoints: CheckpointFolder, state: State, network: int
    ) -> None:
        super().__init__()
        self.network = network
        self.stopping = settings.early_stopping
        self.checkpoints = checkpoints
        self.history = list(state.history)
        self.kept_weights = state.kept_weights

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if not (math.isfinite(logs["loss"]) and math.isfinite(logs["val_loss"])):
            raise StageError(
                f"the loss of epoch {epoch + 1} is {logs['loss']}, on validation "
                f"{logs['val_loss']}, expected a finite one; no model was written: "
                "lower train.learning_rate and type the same command again"
            )
        rate = float(self.model.optimizer.learning_rate)
        history = [*self.history, {"epoch": epoch + 1, "learning_rate": rate, **logs}]
        if kept_epoch(history, self.stopping) == epoch:
            self.kept_weights = self.model.get_weights()
        state = State(history, variables_of(self.model), self.kept_weights)
        self.checkpoints.save(state, self.network)
        self.history = history  # only now: what is in it is on the disk
        self.model.stop_training = is_over(self.history, self.stopping)


def variables_of(model: keras.Model) -> list[NDArray[Any]]:
    """Return all that `model` has learnt and its optimizer notes, in Keras's own order."""
    return [np.asarray(leaf) for leaf in keras.tree.flatten(_state_tree(model))]


def restore(model: keras.Model, variables: list[NDArray[Any]]) -> None:
    """Put back what `variables_of` returned."""
    model.set_state_tree(keras.tree.pack_sequence_as(_state_tree(model), variables))


def _state_tree(model: keras.Model) -> dict[str, Any]:
    """Return weights, optimizer and seed generators' states; metrics begin anew in each epoch."""
    tree: dict[str, Any] = model.get_state_tree()
    del tree["metrics_variables"]
    return tree
