import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from stages.shared.arrays import LabelledImages, load_array, save_split
from stages.shared.dataset import DIGITS, DataSet, write_dataset
from stages.shared.files import read_json
from stages.train import augmented_images, main, open_checkpoints, summarise, train
from stages.training.augmentation import augment
from stages.training.checkpoint import CheckpointFolder
from stages.training.early_stopping import History
from stages.training.ensemble import ensemble
from stages.training.inputs import Inputs
from stages.training.settings import Train
from stages.training.trainer import Report, train_network
from tests.conftest import TRAIN

HEADER = "network,epoch,learning_rate,loss,val_loss,accuracy,val_accuracy,kept"


@pytest.mark.slow
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


@pytest.mark.slow
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
    """They are the first 40 images in the order of the first epoch, with its distortions."""
    settings = TRAIN.model_copy(update={"batch_size": 50})
    random = np.random.default_rng([TRAIN.seed, 0])
    order = random.permutation(200)
    expected = augment(random_images.images[order], TRAIN.augmentation, random)[:40]
    np.testing.assert_array_equal(
        augmented_images(settings, Inputs(random_images, random_images, 10)), expected
    )


def test_a_run_is_known_by_its_parameters_data_and_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any change to them no state of the run before is taken; other files do not matter."""
    monkeypatch.chdir(tmp_path)
    files = ["data/train_images.npy", "data/dataset.json", "code/train.py", "code/training/a.py"]
    others = ["data/own_pictures.csv", "code/notes.txt", "start.keras", "train.py"]
    for name in (*files, *others):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr("stages.train.__file__", str(tmp_path / "code" / "train.py"))

    def folder(**changes: Any) -> Path:
        settings = TRAIN.model_copy(update=changes)
        return open_checkpoints(settings, tmp_path / "data").folder

    first, started = folder(), folder(start_from="start.keras")
    assert first.parent == tmp_path / ".checkpoints"
    for name in others:
        (tmp_path / name).write_text("other content")
    assert folder() == first
    found = [first, started, folder(start_from="start.keras"), folder(seed=1)]
    for name in files:
        (tmp_path / name).write_text("other content")
        found.append(folder())
    assert len(set(found)) == len(found)


def row(network: int, epoch: int) -> dict[str, float]:
    """Return the metrics of an epoch, of which the second is kept."""
    names = HEADER.split(",")[2:-1]
    metrics = dict.fromkeys(names, network + epoch / 10)
    return {"network": network, "epoch": epoch, **metrics, "kept": int(epoch == 2)}


class Stage:
    """The stage with networks that learn nothing, and files that say what was written to them."""

    def __init__(self, folder: Path, networks: int, own: int) -> None:
        self.folder = folder
        self.machine: list[Any] = []
        self.settings = TRAIN.model_copy(update={"networks": networks})
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (60, 28, 28, 1), dtype=np.uint8)
        labels = np.arange(60, dtype=np.uint8) % 10
        parts = {"train": 50, "validation": 60, "own_train": own}
        data = [LabelledImages(images[:count], labels[:count]) for count in parts.values()]
        for name, part in zip(parts, data, strict=True):
            save_split(folder / "data", name, part)
        write_dataset(folder / "data" / "dataset.json", DataSet("digits", DIGITS))
        self.inputs = Inputs(data[0], data[1], 10, data[2])
        self.checkpoints = open_checkpoints(self.settings, Path("data"))

    def train_network(
        self,
        settings: Train,
        inputs: Inputs,
        checkpoints: CheckpointFolder,
        index: int,
        report: Report,
    ) -> tuple[str, History]:
        """Report two epochs, of which the first may be looked at while the second is trained."""
        assert (settings, inputs.num_classes) == (self.settings, 10)
        assert [len(part.labels) for part in (inputs.training, inputs.validation)] == [50, 60]
        assert checkpoints.folder == self.checkpoints.folder
        (checkpoints.folder / "state").touch()
        rows = [row(index + 1, epoch) for epoch in (1, 2)]
        report([rows[0] | {"kept": 1}])
        first = row(1, 1) if index else rows[0] | {"kept": 1}
        history = (self.folder / "out" / "history").read_text().splitlines()
        assert (history[0], len(history)) == (HEADER, 2 + 2 * index)
        assert history[1].startswith(f"1,1,1.100000,{first['loss']:.6f}")
        assert read_json(self.folder / "out" / "progress")["epoch"] == 1 + 2 * index
        report(rows)
        return f"network {index}", rows

    def run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run `main`; what it writes is in the folder `out`."""
        monkeypatch.chdir(self.folder)
        train = "stages.train"
        monkeypatch.setattr(f"{train}.use_kernels", lambda *facts: self.machine.extend(facts))
        monkeypatch.setattr(f"{train}.make_deterministic", self.machine.append)
        monkeypatch.setattr(f"{train}.train_network", self.train_network)
        monkeypatch.setattr(f"{train}.ensemble", lambda networks, shift: (*networks, shift))
        monkeypatch.setattr(f"{train}.save_model", lambda model, path: path.write_text(str(model)))
        monkeypatch.setattr(f"{train}.export_litert", self.export)
        (self.folder / "params").write_text(f"train: {self.settings.model_dump_json()}")
        arguments = ["--processed", "data", "--params", "params"]
        for name in ("model", "litert", "history", "progress", "augmented"):
            arguments += [f"--{name}", f"out/{name}"]
        monkeypatch.setattr(sys, "argv", ["", *arguments])
        main()

    def export(self, model: Path, litert: Path) -> None:
        """Write the content of the model in brackets; the states are still there."""
        assert (self.checkpoints.folder / "state").exists()
        litert.write_text(f"[{model.read_text()}]")


@pytest.mark.parametrize(("networks", "own"), [(1, 0), (2, 3)])
def test_what_the_stage_writes_and_prints(
    networks: int,
    own: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each epoch is told at once, all networks are in the model, and no state is left over."""
    monkeypatch.chdir(tmp_path)
    stage = Stage(tmp_path, networks, own)
    stage.run(monkeypatch)
    out = tmp_path / "out"
    model = {1: "('network 0', 1)", 2: "('network 0', 'network 1', 1)"}[networks]
    assert (out / "model").read_text() == model
    assert (out / "litert").read_text() == f"[{model}]"
    assert (out / "history").read_text().splitlines() == [
        HEADER,
        "1,1,1.100000,1.100000,1.100000,1.100000,1.100000,0",
        "1,2,1.200000,1.200000,1.200000,1.200000,1.200000,1",
        "2,1,2.100000,2.100000,2.100000,2.100000,2.100000,0",
        "2,2,2.200000,2.200000,2.200000,2.200000,2.200000,1",
    ][: 1 + 2 * networks]
    assert read_json(out / "progress")["epoch"] == 2 * networks
    np.testing.assert_array_equal(
        load_array(out / "augmented"), augmented_images(stage.settings, stage.inputs)
    )
    assert not stage.checkpoints.folder.exists()
    assert stage.machine == [1, "avx2", 0]
    lines = capsys.readouterr().out.splitlines()
    assert lines.pop(2 if own else 1).startswith("devices: CPU:0")
    assert lines == [
        "training images: (50, 28, 28, 1), validation: (60, 28, 28, 1)",
        *(["own pictures for training: 3, 25% of each batch"] if own else []),
        *(["network 1 of 2", "network 2 of 2"] if networks == 2 else []),
    ]


def test_the_states_stay_until_all_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full when the last file is written costs no training."""
    monkeypatch.chdir(tmp_path)
    stage = Stage(tmp_path, networks=1, own=0)
    (tmp_path / "out" / "augmented").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        stage.run(monkeypatch)
    assert (tmp_path / "out" / "litert").exists()
    assert (stage.checkpoints.folder / "state").exists()


def test_the_rows_of_all_networks_so_far_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the third network is trained, the curves of the first and the second are there."""

    def trained(*given: Any, report: Report) -> tuple[int, History]:
        rows = [{"network": given[3]}]
        report(rows)
        return given[3], rows

    monkeypatch.setattr("stages.train.train_network", trained)
    monkeypatch.setattr("stages.train.ensemble", lambda networks, _: networks)
    reports: list[list[float]] = []
    settings, nothing = TRAIN.model_copy(update={"networks": 3}), cast(Any, None)
    networks: Any = train(
        settings, nothing, nothing, lambda rows: reports.append([row["network"] for row in rows])
    )
    assert networks == [0, 1, 2]
    assert reports == [[0], [0, 1], [0, 1, 2]]
