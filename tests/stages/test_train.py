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
    networks=1,
    epochs=4,
    batch_size=32,
    dropout=0.5,
    learning_rate=0.001,
    schedule="one-cycle",
    optimizer="adam",
    early_stopping=EarlyStopping(monitor="val_loss", patience=10, min_delta=0),
    augmentation=Augmentation(rotation=10, scale=0.1, shear=5, shift=2),
)


class _KilledError(Exception):
    """Stands for a process that ends here."""


@pytest.mark.parametrize(
    ("model", "optimizer"),
    [
        ("mlp", "adam"),
        pytest.param("mlp", "rmsprop", marks=pytest.mark.slow),
        pytest.param("mlp", "sgd", marks=pytest.mark.slow),
        pytest.param("simple-cnn", "adam", marks=pytest.mark.slow),
        pytest.param("small-normalised-cnn", "adam", marks=pytest.mark.slow),
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


@pytest.mark.slow
def test_networks_are_averaged_and_differ(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """Two networks give the mean of what each gives, and have seeds of their own."""
    settings = SETTINGS.model_copy(update={"networks": 2, "epochs": 1})
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    model, history = stage.train(settings, random_images, random_images, folder)
    assert [row["network"] for row in history] == [1, 2]
    alone = [
        stage.train_network(settings, random_images, random_images, folder, number)[0]
        for number in (0, 1)
    ]
    first, second = (network.predict(random_images.images, verbose=0) for network in alone)
    assert np.abs(first - second).max() > 0.01
    averaged = model.predict(random_images.images, verbose=0)
    np.testing.assert_allclose(averaged, (first + second) / 2, atol=1e-6)


def test_keeps_the_best_epoch_and_stops(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """With labels of noise validation soon worsens; the weights are those of the best epoch."""
    validation = LabelledImages(random_images.images, np.roll(random_images.labels, 7))
    settings = SETTINGS.model_copy(
        update={
            "epochs": 30,
            "dropout": 0.0,
            "early_stopping": SETTINGS.early_stopping.model_copy(update={"patience": 2}),
        }
    )
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    model, history = stage.train(settings, random_images, validation, folder)
    assert not model.compiled  # so that plain Keras loads it, with no class of this project
    losses = [row["val_loss"] for row in history]
    assert len(history) == losses.index(min(losses)) + 3 < 30
    model.compile(loss="sparse_categorical_crossentropy")
    assert model.evaluate(*validation, verbose=0) == pytest.approx(min(losses), rel=1e-4)


def test_a_loss_that_is_not_finite_ends_the_run(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """A learning rate far too high gives a message and no model."""
    settings = SETTINGS.model_copy(update={"optimizer": "sgd", "learning_rate": 1e30})
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    with pytest.raises(StageError, match=r"loss of epoch 1 is .*lower train.learning_rate"):
        stage.train(settings, random_images, random_images, folder)
    assert folder.load() is None
