from pathlib import Path

import keras
import numpy as np
import pytest

from stages.shared.arrays import LabelledImages
from stages.training import trainer
from stages.training.checkpoint import CheckpointFolder
from stages.training.early_stopping import History
from stages.training.inputs import Inputs
from stages.training.model_state import get_variables
from stages.training.settings import Train
from tests.conftest import TRAIN

SHORT = TRAIN.model_copy(update={"epochs": 2, "batch_size": 16, "steps_per_execution": 1})


class _KilledError(Exception):
    """Simulates a killed process."""


def _trained(
    settings: Train, data: LabelledImages, folder: Path
) -> tuple[list[bytes], list[dict[str, float]]]:
    """Train the first network, with checkpoints in `folder`; return its weights and its history."""
    checkpoints = CheckpointFolder(folder, "key")
    trained, history = trainer.train_network(settings, Inputs(data, data, 10), checkpoints, 0)
    return [weight.tobytes() for weight in trained.get_weights()], history


class Begins(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Ends a training before its first step, and has the epoch and the state before it."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch = epoch
        self.weights = self.model.get_weights()
        self.variables = get_variables(self.model)
        raise _KilledError


@pytest.fixture
def few_images(random_images: LabelledImages) -> LabelledImages:
    """Give 40 images of noise, four of each class: batches of 16, 16 and 8."""
    return LabelledImages(random_images.images[::5], random_images.labels[::5])


def test_a_training_and_one_that_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], few_images: LabelledImages
) -> None:
    """Two epochs with their rates; a run that lost the second begins it with the same state.

    The rate of a cycle of 6 steps is 1 / 2 / 0.7 of the highest after 3 steps, and 0 after 6.
    """
    training = LabelledImages(few_images.images[::-1], few_images.labels[::-1])
    inputs, checkpoints = Inputs(training, few_images, 10), CheckpointFolder(tmp_path, "key")
    reports: list[History] = []
    model, history = trainer.train_network(SHORT, inputs, checkpoints, 0, report=reports.append)
    printed = capsys.readouterr().out
    assert [list(row) for row in history] == [
        [
            "network",
            "epoch",
            "learning_rate",
            "accuracy",
            "loss",
            "val_accuracy",
            "val_loss",
            "kept",
        ]
    ] * 2
    assert [(row["network"], row["epoch"]) for row in history] == [(1, 1), (1, 2)]
    rates = [row["learning_rate"] for row in history]
    assert rates == pytest.approx([0.001 / 2 / 0.7, 0], abs=1e-9)
    (kept,) = (row for row in history if row["kept"])
    assert [len(rows) for rows in reports] == [1, 2]
    assert reports[-1] == history
    first, *_, last = printed.splitlines()
    assert first == "parameters: 407,050"
    assert last == f"kept epoch: {kept['epoch']} of 2, val_loss {kept['val_loss']:.4f}"
    assert "Epoch 2/2\n3/3 - " in printed  # a line per epoch, and no bar

    # The kept epoch's weights, by the definition of the loss, without an optimizer.
    probabilities = np.asarray(model(few_images.images))
    of_labels = probabilities[np.arange(40), few_images.labels]
    assert -np.log(of_labels).mean() == pytest.approx(kept["val_loss"], rel=1e-4)
    right = probabilities.argmax(axis=1) == few_images.labels
    assert right.mean() == pytest.approx(kept["val_accuracy"])
    assert not model.compiled  # plain Keras must load it without this project's classes

    # With both states there is nothing left to do.
    again, rows = trainer.train_network(SHORT, inputs, checkpoints, 0, report=reports.append)
    assert rows == reports.pop() == history
    for found, expected in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert "\nresuming after epoch 2 of 2\nkept epoch: " in capsys.readouterr().out

    (checkpoints.folder / "network-0-epoch-00002.npz").unlink()
    state, begins = checkpoints.load(0), Begins()
    assert state
    with pytest.raises(_KilledError):
        trainer.train_network(SHORT, inputs, checkpoints, 0, [begins], report=reports.append)
    assert capsys.readouterr().out.endswith("\nresuming after epoch 1 of 2\n")
    assert [row["epoch"] for row in reports.pop()] == [1]
    assert begins.epoch == 1  # the second
    for found, expected in zip(begins.variables, state.variables, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_each_network_has_a_seed_of_its_own(tmp_path: Path, few_images: LabelledImages) -> None:
    """The second network of seed 4 begins as the first of seed 5, or with the weights given."""

    def begins(seed: int, index: int, start: list[np.ndarray] | None = None) -> list[np.ndarray]:
        begin, settings = Begins(), SHORT.model_copy(update={"seed": seed})
        inputs = Inputs(few_images, few_images, 10, start=start)
        with pytest.raises(_KilledError):
            trainer.train_network(
                settings, inputs, CheckpointFolder(tmp_path, "key"), index, [begin]
            )
        weights: list[np.ndarray] = begin.weights
        return weights

    second = begins(4, 1)
    assert (second[0] != begins(4, 0)[0]).any()
    for found, expected in zip(begins(5, 0), second, strict=True):
        np.testing.assert_array_equal(found, expected)
    given = [weight + 1 for weight in second]
    for found, expected in zip(begins(4, 0, start=given), given, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_a_model_is_compiled_as_the_parameters_say(optimizer: str) -> None:
    """Its schedule ends with the run's last step; XLA, which is slower here, stays out."""
    settings = TRAIN.model_copy(update={"optimizer": optimizer, "learning_rate": 0.02})
    model = trainer.compiled_model(settings, 7, steps_per_epoch=5)
    assert model.output_shape == (None, 7)
    assert type(model.optimizer).__name__.lower() == optimizer
    rates = []
    for step in (6, 20):
        model.optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    assert rates == pytest.approx([0.02, 0])
    assert model.steps_per_execution == 3
    assert model.jit_compile is False
    assert model.loss == "sparse_categorical_crossentropy"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "optimizer"),
    [("mlp", "rmsprop"), ("mlp", "sgd"), ("small-normalised-cnn", "adam")],
)
def test_a_resumed_run_ends_in_the_same_weights(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    random_images: LabelledImages,
    optimizer: str,
    model: str,
) -> None:
    """A run killed after its second epoch resumes and ends bit for bit the same."""
    settings = TRAIN.model_copy(update={"optimizer": optimizer, "model": model})
    undisturbed = _trained(settings, random_images, tmp_path_factory.mktemp("a"))

    folder = tmp_path_factory.mktemp("b")
    on_epoch_end = trainer.EpochRecorder.on_epoch_end

    def killed(self: trainer.EpochRecorder, epoch: int, logs: dict[str, float]) -> None:
        on_epoch_end(self, epoch, logs)
        if epoch == 1:
            raise _KilledError

    with monkeypatch.context() as patch:
        patch.setattr(trainer.EpochRecorder, "on_epoch_end", killed)
        with pytest.raises(_KilledError):
            _trained(settings, random_images, folder)
    capsys.readouterr()
    assert _trained(settings, random_images, folder) == undisturbed
    assert "resuming after epoch 2 of 4" in capsys.readouterr().out


@pytest.mark.slow
def test_steps_per_execution_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """The weights do not depend on steps_per_execution, even if it does not divide seven."""
    assert (
        trainer.compiled_model(TRAIN, 10, 1).steps_per_execution == TRAIN.steps_per_execution == 3
    )
    one_by_one, *others = (
        _trained(
            TRAIN.model_copy(update={"steps_per_execution": steps}),
            random_images,
            tmp_path_factory.mktemp("steps"),
        )
        for steps in (1, 2, 7, 100)
    )
    assert all(other == one_by_one for other in others)


@pytest.mark.slow
@pytest.mark.parametrize("restore_best_weights", [True, False])
def test_stops_and_keeps_the_best_epoch_or_the_last(
    tmp_path_factory: pytest.TempPathFactory,
    random_images: LabelledImages,
    restore_best_weights: bool,
) -> None:
    """Noise stops training early; the weights are the best or the last epoch's, as set."""
    validation = LabelledImages(random_images.images, np.roll(random_images.labels, 7))
    settings = TRAIN.model_copy(
        update={
            "epochs": 30,
            "dropout": 0.0,
            "early_stopping": TRAIN.early_stopping.model_copy(
                update={"patience": 2, "restore_best_weights": restore_best_weights}
            ),
        }
    )
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    model, history = trainer.train_network(
        settings, Inputs(random_images, validation, 10), folder, 0
    )
    assert not model.compiled  # plain Keras must load it without this project's classes
    losses = [row["val_loss"] for row in history]
    assert len(history) == losses.index(min(losses)) + 3 < 30
    model.compile(loss="sparse_categorical_crossentropy")
    expected = min(losses) if restore_best_weights else losses[-1]
    assert model.evaluate(*validation, verbose=0) == pytest.approx(expected, rel=1e-4)
