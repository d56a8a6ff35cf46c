from pathlib import Path

import pytest

from stages.plot import Plot
from stages.preprocess import Preprocess
from stages.shared.cli import StageError
from stages.shared.dataset import Download
from stages.shared.params import SECTION_NAMES, Section, load_section
from stages.training.settings import Train
from tests.conftest import PROJECT

SECTIONS: tuple[type[Section], ...] = (Download, Preprocess, Train, Plot)
VALID = """\
download:
  dataset: mnist
preprocess:
  validation_fraction: 0.1
  seed: 0
  limit: null
  own_test_fraction: 0.3
train:
  seed: 0
  threads: 2
  instruction_set: avx2
  model: dense-cnn
  networks: 1
  start_from: null
  epochs: 20
  batch_size: 128
  steps_per_execution: 1
  dropout: 0.5
  learning_rate: 1e-3
  schedule: constant
  optimizer: adam
  early_stopping:
    monitor: val_loss
    patience: 5
    min_delta: 0
    restore_best_weights: true
  augmentation:
    rotation: 0
    scale: 0
    shear: 0
    shift: 0
  own_share: 0.1
  test_time_shift: 0
plot:
  predictions: 30
  mistakes: 40
"""


@pytest.fixture
def params_file(tmp_path: Path) -> Path:
    """Give a valid parameter file that a test may change."""
    path = tmp_path / "params.yaml"
    path.write_text(VALID)
    return path


def test_the_projects_own_file_is_valid() -> None:
    """Every section of params.yaml can be loaded."""
    for section in SECTIONS:
        load_section(section, PROJECT / "params.yaml")


def test_the_names_of_sections_are_those_of_their_classes() -> None:
    """Each section has the name of its class in lower case."""
    assert [section.__name__.lower() for section in SECTIONS] == list(SECTION_NAMES)


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "0.001", ".001", "1.0e-03"])
def test_reads_numbers_as_dvc_does(params_file: Path, text: str) -> None:
    """A learning rate of 1e-3 is a number, though PyYAML alone would call it a string."""
    _replace(params_file, "learning_rate: 1e-3", f"learning_rate: {text}")
    assert load_section(Train, params_file).learning_rate == 0.001


@pytest.mark.parametrize(
    ("section", "old", "new", "message"),
    [
        (
            Train,
            "dropout: 0.5",
            "dropout: 1.5",
            "train.dropout: found 1.5, allowed is a number at least 0 and below 1",
        ),
        (
            Train,
            "epochs: 20",
            "epochs: ten",
            "train.epochs: found 'ten', allowed is a whole number at least 1 and at most 1000000",
        ),
        (Train, "epochs: 20", "epochs: 20\n  epoch: 3", "train.epoch: unknown key, allowed are"),
        (Train, "dropout: 0.5", "dropout: yes", "train.dropout: found 'yes'"),
        (
            Train,
            "monitor: val_loss",
            "monitor: loss",
            "train.early_stopping.monitor: found 'loss', allowed is one of val_loss, val_accuracy",
        ),
        (
            Download,
            "dataset: mnist",
            "dataset: cifar",
            "download.dataset: found 'cifar', allowed is one of mnist, digits, fashion-mnist, "
            "kmnist, emnist-letters, or the path of a folder, such as ./my-set",
        ),
        (Download, "dataset: mnist", "dataset: 7", "found 7, allowed is one of mnist, digits"),
        (Train, "train:", "trian:", "unknown section 'trian', allowed are download, preprocess"),
        (Train, "train:", "train: [", "expected YAML, found"),
        (Train, "epochs: 20", "epochs: !!int ten", "expected YAML, found"),
        (Train, "epochs: 20", "epochs: !!bool ten", "expected YAML, found"),
        (Train, "epochs: 20", "epochs: !!int ''", "expected YAML, found"),
        (
            Train,
            "epochs: 20",
            'epochs: 20\n  "a\\nb": 3',
            r"train.'a\nb': unknown key, allowed are",
        ),
        (Train, "train:", f"train: {'[' * 3000}", "expected YAML, found"),
        (Train, "  epochs: 20", "  epochs: 20\n  epochs: 30", "found while constructing a mapping"),
    ],
)
def test_refuses_what_is_not_allowed(
    params_file: Path, section: type[Section], old: str, new: str, message: str
) -> None:
    """Each error is one line that names the key, the found and the allowed value."""
    _replace(params_file, old, new)
    with pytest.raises(StageError) as caught:
        load_section(section, params_file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refuses_a_missing_section(params_file: Path) -> None:
    """The error names the missing section."""
    params_file.write_text("download:\n  dataset: mnist\n")
    with pytest.raises(StageError, match="section 'plot' is missing"):
        load_section(Plot, params_file)


def test_refuses_a_missing_or_empty_file(params_file: Path) -> None:
    """A missing file and an empty file give different errors."""
    params_file.write_text("")
    with pytest.raises(StageError, match="found no sections"):
        load_section(Train, params_file)
    params_file.unlink()
    with pytest.raises(StageError, match="git checkout"):
        load_section(Train, params_file)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
