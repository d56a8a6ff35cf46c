"""What people read: the help of each command, the log of a run, and the report on two runs."""

import re
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

from experiments.layout import as_text
from experiments.ranking import ranking_report
from experiments.report import report
from tests.conftest import Log
from tests.seen.drawings import finding, ranked

STORED = Path(__file__).parent / "texts"
# What follows `python -m`, and the module whose `main` that starts.
COMMANDS = {
    "app": "app.__main__",
    "app.predict": "app.predict",
    "experiments.compare": "experiments.compare",
    "stages": "stages.__main__",
    "stages download": "stages.__main__",
    "stages preprocess": "stages.__main__",
    "stages plot": "stages.__main__",
    "stages train": "stages.__main__",
    "stages evaluate": "stages.__main__",
}
# What another processor or machine may print otherwise, in the log of a run.
VARYING = (
    r"(?<=^devices: ).*",
    r"\d+s - \d+\w+/step",  # Keras: seconds of an epoch, and milliseconds of a step
    r"(?<=accuracy: )[\d.e-]+",
    r"(?<=loss: )[\d.e-]+",
    r"(?<=^kept epoch: )\d",
    r"(?<=val_loss )[\d.]+",
    r"(?<=^predicted: )[\d, ]+",
    r"(?<=accuracy )[\d.]+ \[[\d.]+, [\d.]+\]",
    r"(?<=errors: )\d+",
)


def assert_is_stored(text: str, name: str, renew: bool) -> None:
    """Compare a text with the stored one of that name, or store it anew."""
    path = STORED / f"{name.replace(' ', '-')}.txt"
    if renew:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), "if it is meant, type `pytest tests/seen --renew`"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_is_the_stored_one(
    command: str,
    renew: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each option with its meaning, as a person reads it at 100 columns."""
    monkeypatch.setattr(sys, "argv", [*command.split(), "--help"])
    monkeypatch.setenv("COLUMNS", "100")
    with suppress(SystemExit):
        import_module(COMMANDS[command]).main()
    usage, blank, rest = capsys.readouterr().out.partition("\n\n")
    # Versions of Python break the lines of the usage in other places.
    assert_is_stored(" ".join(usage.split()) + blank + rest, command, renew)


@pytest.mark.slow
def test_the_log_of_a_run_is_the_stored_one(log_of_a_run: Log, renew: bool) -> None:
    """`dvc repro` says what each stage did, counts and shapes in it, and there are no warnings."""
    text = log_of_a_run.output
    for varying in VARYING:
        text = re.sub(varying, "…", text, flags=re.MULTILINE)
    assert_is_stored(text, "dvc repro", renew)
    assert log_of_a_run.errors == ""


def test_the_report_is_the_stored_one(renew: bool) -> None:
    """What `experiments.compare` prints of six runs: what differs, the errors, and the answer."""
    assert_is_stored(as_text(report(finding("small-cnn", (5, 9, 6)))) + "\n", "report", renew)


def test_the_ranking_is_the_stored_one(renew: bool) -> None:
    """What `experiments.compare --by` prints of three values: a row of each, and the answer."""
    assert_is_stored(as_text(ranking_report("train.model", ranked())) + "\n", "ranking", renew)


def test_every_stored_text_is_compared() -> None:
    """No stored text is left of a command that the project no longer has."""
    names = {path.stem.replace("-", " ") for path in STORED.iterdir()}
    assert names == {*COMMANDS, "dvc repro", "report", "ranking"}
