"""The training of one network, from its seed or its last checkpoint to the kept weights."""

import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import keras

from stages.shared.cli import StageError
from stages.training.architectures import build_model
from stages.training.batches import evaluation_batches
from stages.training.checkpoint import CheckpointFolder, State
from stages.training.determinism import verbosity
from stages.training.early_stopping import (
    History,
    history_rows,
    is_finished,
    kept_epoch,
    should_stop,
)
from stages.training.inputs import Inputs
from stages.training.mixing import mixed_batches
from stages.training.model_state import get_variables, restore_variables
from stages.training.schedule import SCHEDULES
from stages.training.settings import Train
from stages.training.start import start_model

VALIDATION_BATCH_SIZE = 1000  # images

Report = Callable[[History], None]


def train_network(
    settings: Train,
    inputs: Inputs,
    checkpoints: CheckpointFolder,
    index: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    report: Report = lambda _: None,
) -> tuple[keras.Model, History]:
    """Train network `index` (from 0) of the run, with the seed `settings.seed + index`.

    Returns the model with the weights of the kept epoch, and the history: a row per epoch with the
    metrics, the number of the network (`network`, from 1) and whether the epoch is kept (`kept`, 0
    or 1). Finished epochs are taken from the checkpoints. `callbacks` go to Keras and must not
    change the training. `report` gets the history so far, after each epoch and when a run resumes.

    Raises `StageError` if the loss of an epoch is not finite. Ctrl-C ends the process.
    """
    seed = settings.seed + index
    keras.utils.set_random_seed(seed)
    steps_per_epoch = math.ceil(len(inputs.training.labels) / settings.batch_size)
    model = compiled_model(settings, inputs.num_classes, steps_per_epoch)
    print(f"parameters: {model.count_params():,}")
    state = checkpoints.load(index) or State([], [], [])
    if state.history:
        print(f"resuming after epoch {len(state.history)} of {settings.epochs}")
        restore_variables(model, state.variables)
        report(history_rows(state.history, settings.early_stopping, index))
    elif inputs.start:
        start_model(model, inputs.start)
    recorder = EpochRecorder(settings, checkpoints, state, index, report)
    epochs = range(len(state.history), settings.epochs)
    if not is_finished(state.history, settings.epochs, settings.early_stopping):
        with _ending_on_interrupt(recorder, settings.epochs):
            model.fit(
                mixed_batches(inputs, settings, seed, epochs),
                initial_epoch=epochs.start,
                epochs=epochs.stop,
                validation_data=evaluation_batches(inputs.validation, VALIDATION_BATCH_SIZE),
                callbacks=[recorder, *callbacks],
                shuffle=False,  # the batches are shuffled already
                verbose=verbosity(),
            )
    history = recorder.history
    kept = kept_epoch(history, settings.early_stopping)
    monitor = settings.early_stopping.monitor
    print(f"kept epoch: {kept + 1} of {len(history)}, {monitor} {history[kept][monitor]:.4f}")
    # A new model without an optimizer: the state of the optimizer is that of the last epoch, and
    # plain Keras could not load its learning-rate schedule.
    kept_model = build_model(settings.model, settings.dropout, inputs.num_classes)
    kept_model.set_weights(recorder.kept_weights)
    return kept_model, history_rows(history, settings.early_stopping, index)


def compiled_model(settings: Train, num_classes: int, steps_per_epoch: int) -> keras.Model:
    """Build the model that the parameters name, ready to train."""
    model = build_model(settings.model, settings.dropout, num_classes)
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
    optimizer.build(model.trainable_variables)  # so that its state can be restored
    return model


class EpochRecorder(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """After each epoch: check the loss, save the state, report the history, stop if it is time."""

    def __init__(
        self,
        settings: Train,
        checkpoints: CheckpointFolder,
        state: State,
        index: int,
        report: Report,
    ) -> None:
        super().__init__()
        self.report = report
        self.index = index
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
        state = State(history, get_variables(self.model), self.kept_weights)
        self.checkpoints.save(state, self.index)
        self.history = history  # after saving: an interrupt reports only epochs on the disk
        self.report(history_rows(history, self.stopping, self.index))
        self.model.stop_training = should_stop(self.history, self.stopping)


@contextmanager
def _ending_on_interrupt(recorder: EpochRecorder, epochs: int) -> Iterator[None]:
    """End the process on Ctrl-C and say how to go on.

    Python drops exceptions that are raised in a destructor, and objects are destroyed at the end of
    each epoch: a KeyboardInterrupt could be lost there.
    """

    def end(*_: object) -> None:
        message = (
            f"error: interrupted; {len(recorder.history)} of {epochs} epochs are kept: "
            "type the same command again, such as `dvc repro`, to go on after them\n"
        )
        os.write(sys.stderr.fileno(), message.encode())  # the signal may interrupt a print
        os._exit(1)

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
