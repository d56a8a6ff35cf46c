import keras
import numpy as np
import pytest

from stages import train as stage
from stages.checkpoint import CheckpointFolder
from stages.command import StageError
from stages.dataset import LabelledImages
from stages.params import Augmentation, EarlyStopping, Train

SETTINGS = Train(
    seed=0,
    threads=1,
    instruction_set="avx2",
    model="mlp",
    epochs=4,
    batch_size=32,
    dropout=0.5,
    learning_rate=0.001,
    optimizer="adam",
    early_stopping=EarlyStopping(monitor="val_loss", patience=10, min_delta=0),
    augmentation=Augmentation(rotation=10, scale=0.1, shear=5, shift=2),
)


def _figures(*values: float, monitor: str = "val_loss") -> list[dict[str, float]]:
    return [{monitor: value} for value in values]


def _stopping(**changes: object) -> EarlyStopping:
    return EarlyStopping.model_validate(
        {"monitor": "val_loss", "patience": 2, "min_delta": 0} | changes
    )


def test_best_epoch_by_hand() -> None:
    """The smallest loss or the largest accuracy, the first among equals."""
    assert stage.best_epoch(_figures(3, 1, 2, 1), _stopping()) == 1
    accuracies = _figures(0.3, 0.1, 0.4, 0.4, monitor="val_accuracy")
    assert stage.best_epoch(accuracies, _stopping(monitor="val_accuracy")) == 2


@pytest.mark.parametrize(
    ("losses", "changes", "over"),
    [
        ([3, 2, 1], {}, False),
        ([1, 2], {}, False),
        ([1, 2, 3], {}, True),
        ([1, 2, 1], {}, True),
        ([3, 2.9, 2.8], {"min_delta": 0.5}, True),
        ([3, 2.9, 2.4], {"min_delta": 0.5}, False),
        ([3, 4, 5], {"patience": 3}, False),
    ],
)
def test_early_stopping_by_hand(losses: list[float], changes: dict[str, float], over: bool) -> None:
    """A run is over after `patience` epochs without a gain of more than `min_delta`."""
    assert stage.is_over(_figures(*losses), _stopping(**changes)) is over


def test_early_stopping_is_keras_own(random_images: LabelledImages) -> None:
    """On the same figures Keras's EarlyStopping stops at the same epoch with the same best."""
    random = np.random.default_rng(3)
    for _ in range(50):
        losses = random.random(30).round(2).tolist()
        theirs = keras.callbacks.EarlyStopping("val_loss", patience=4, min_delta=0.02)
        theirs.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
        theirs.on_train_begin()
        theirs.model.stop_training = False
        epoch = 0
        while not theirs.model.stop_training and epoch < 30:
            theirs.on_epoch_end(epoch, {"val_loss": losses[epoch]})
            epoch += 1
        stopping = _stopping(patience=4, min_delta=0.02)
        ours = next(
            n for n in range(1, 31) if n == 30 or stage.is_over(_figures(*losses[:n]), stopping)
        )
        assert ours == epoch


class _KilledError(Exception):
    """Stands for a process that ends here."""


@pytest.mark.parametrize(
    ("model", "optimizer"),
    [
        ("mlp", "adam"),
        pytest.param("mlp", "rmsprop", marks=pytest.mark.slow),
        pytest.param("mlp", "sgd", marks=pytest.mark.slow),
        pytest.param("simple-cnn", "adam", marks=pytest.mark.slow),
        pytest.param("dense-cnn", "adam", marks=pytest.mark.slow),
    ],
)
def test_a_resumed_run_ends_in_the_same_weights(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    random_images: LabelledImages,
    optimizer: str,
    model: str,
) -> None:
    """Killed after its second epoch, a run with dropout and augmentation goes on bit for bit."""
    settings = SETTINGS.model_copy(update={"optimizer": optimizer, "model": model})

    def run(folder: CheckpointFolder) -> tuple[list[bytes], list[dict[str, float]]]:
        keras.utils.set_random_seed(settings.seed)
        trained, history = stage.train(settings, random_images, random_images, folder)
        return [weight.tobytes() for weight in trained.get_weights()], history

    undisturbed = run(CheckpointFolder(tmp_path_factory.mktemp("a"), "key"))

    folder = CheckpointFolder(tmp_path_factory.mktemp("b"), "key")
    on_epoch_end = stage.EpochEnd.on_epoch_end

    def killed(self: stage.EpochEnd, epoch: int, logs: dict[str, float]) -> None:
        on_epoch_end(self, epoch, logs)
        if epoch == 1:
            raise _KilledError

    with monkeypatch.context() as patch:
        patch.setattr(stage.EpochEnd, "on_epoch_end", killed)
        with pytest.raises(_KilledError):
            run(folder)
    capsys.readouterr()
    assert run(folder) == undisturbed
    assert "resuming after epoch 2 of 4" in capsys.readouterr().out


def test_keeps_the_best_epoch_and_stops(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """With labels of noise validation soon worsens; the weights are those of the best epoch."""
    validation = LabelledImages(random_images.images, np.roll(random_images.labels, 7))
    settings = SETTINGS.model_copy(
        update={"epochs": 30, "dropout": 0.0, "early_stopping": _stopping(patience=2)}
    )
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    model, history = stage.train(settings, random_images, validation, folder)
    losses = [row["val_loss"] for row in history]
    assert len(history) == losses.index(min(losses)) + 3 < 30
    model.compile(loss="sparse_categorical_crossentropy")
    assert model.evaluate(*validation, verbose=0)[0] == pytest.approx(min(losses), rel=1e-4)


def test_a_loss_that_is_not_finite_ends_the_run(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """A learning rate far too high gives a message and no model."""
    settings = SETTINGS.model_copy(update={"optimizer": "sgd", "learning_rate": 1e30})
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    with pytest.raises(StageError, match=r"loss of epoch 1 is .*lower train.learning_rate"):
        stage.train(settings, random_images, random_images, folder)
    assert folder.load() is None
