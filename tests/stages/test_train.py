import numpy as np
import pytest

from stages.shared.arrays import LabelledImages
from stages.train import augmented_images, summarise, train
from stages.training.augmentation import augment
from stages.training.checkpoint import CheckpointFolder
from stages.training.early_stopping import History
from stages.training.ensemble import ensemble
from stages.training.inputs import Inputs
from stages.training.trainer import train_network
from tests.conftest import TRAIN

pytestmark = pytest.mark.slow


def test_networks_are_averaged_and_differ(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """The model averages its two networks, which differ because their seeds differ."""
    settings = TRAIN.model_copy(update={"networks": 2, "epochs": 1})
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    reports: list[History] = []
    inputs = Inputs(random_images, random_images, 10)
    model = train(settings, inputs, folder, reports.append)
    assert [[row["network"] for row in rows] for rows in reports] == [[1], [1, 2]]
    alone = [train_network(settings, inputs, folder, index)[0] for index in (0, 1)]
    first, second = (
        ensemble([network], settings.test_time_shift).predict(random_images.images, verbose=0)
        for network in alone
    )
    assert np.abs(first - second).max() > 0.01
    averaged = model.predict(random_images.images, verbose=0)
    np.testing.assert_allclose(averaged, (first + second) / 2, atol=1e-6)


def test_a_run_is_reported_after_each_epoch_and_when_it_resumes(
    tmp_path_factory: pytest.TempPathFactory, random_images: LabelledImages
) -> None:
    """Each report has one epoch more; a run that resumes reports the finished epochs first."""
    folder = CheckpointFolder(tmp_path_factory.mktemp("a"), "key")
    reports: list[History] = []

    def stop_after_two(rows: History) -> None:
        reports.append(rows)
        if len(rows) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TRAIN, Inputs(random_images, random_images, 10), folder, stop_after_two)
    assert [len(rows) for rows in reports] == [1, 2]
    assert all(sum(row["kept"] for row in rows) == 1 for rows in reports)

    resumed: list[History] = []
    train(TRAIN, Inputs(random_images, random_images, 10), folder, resumed.append)
    assert [len(rows) for rows in resumed] == [2, 3, 4]
    assert resumed[0] == reports[1]


def test_the_summary_by_hand() -> None:
    """It counts the epochs of all networks, and has the metrics of the last network's kept one."""

    def row(epoch: int, kept: int) -> dict[str, float]:
        metrics = {"loss": epoch / 10, "val_loss": epoch / 5, "val_accuracy": 0.5}
        return {"epoch": epoch, "kept": kept} | metrics

    assert summarise([row(1, 0), row(2, 1), row(1, 1), row(2, 0)]) == {
        "epoch": 4,
        "kept_epoch": 1,
        "loss": 0.1,
        "val_loss": 0.2,
        "val_accuracy": 0.5,
    }


def test_augmented_images_are_those_of_the_first_epoch(random_images: LabelledImages) -> None:
    """They are the first images in the order of the first epoch, with its distortions."""
    random = np.random.default_rng([TRAIN.seed, 0])
    order = random.permutation(200)
    expected = augment(random_images.images[order], TRAIN.augmentation, random)[:32]
    np.testing.assert_array_equal(
        augmented_images(TRAIN, Inputs(random_images, random_images, 10)), expected
    )
