import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.compare import main
from experiments.figures import MOST_IMAGES, changed_figure
from experiments.finding import compare_sources
from experiments.sources import find_source
from stages.shared.cli import StageError
from tests.conftest import PROJECT, environment
from tests.experiments.conftest import IMAGES, Project


def compare(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run the command in this process."""
    monkeypatch.setattr(sys, "argv", ["compare", *arguments])
    main()


def captions(finding_of: tuple[str, str]) -> tuple[list[str], str]:
    """Return the captions and the heading of the sheet for two runs."""
    finding = compare_sources(*map(find_source, finding_of))
    figure = changed_figure(finding, np.zeros((IMAGES, 28, 28, 1), np.uint8))
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    return titles, figure.get_suptitle()


def test_prints_text_markdown_and_json(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """B is the workspace by default; the three forms say the same."""
    project.write_run([*range(20)], dropout=0.5)
    compare(monkeypatch, "HEAD")
    assert "\nB is worse, as far as single runs can tell.\n" in capsys.readouterr().out
    compare(monkeypatch, "HEAD", "--markdown")
    assert "| train.dropout | 0.4 | 0.5 |\n" in capsys.readouterr().out
    compare(monkeypatch, "HEAD", "main", "--json")
    assert json.loads(capsys.readouterr().out)["b"]["name"] == "main"


def test_draws_pictures(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both pictures of two runs are written, and that of a ranking."""
    project.experiment("wide", [2, 3, 4], dropout=0.5)
    picture, sheet, ranking = (tmp_path / name for name in ("a.png", "b.png", "c.png"))
    compare(monkeypatch, "main", "wide", "--picture", str(picture), "--sheet", str(sheet))
    compare(monkeypatch, "--by", "train.dropout", "--picture", str(ranking))
    for path, width in ((picture, 1000), (sheet, 1200), (ranking, 1000)):
        with Image.open(path) as drawn:
            assert drawn.width == width


def test_the_sheet_by_hand(project: Project) -> None:
    """Images 2 and 4 changed sides: only B has 2 right, only A has 4 right."""
    project.experiment("wide", [0, 1, 3, 4], dropout=0.5)
    found, heading = captions(("main", "wide"))
    assert found == ["is 4\nA 4, B 5", "is 2\nA 3, B 2"]
    assert "blue: only A is right, 1; orange: only B is right, 1" in heading
    project.experiment("seed-1", [0, 1, 2], seed=1)
    found, _ = captions(("main", "wide"))
    assert found == ["is 4\nA 2/2, B 0/1", "is 2\nA 0/2, B 1/1"]


@pytest.mark.slow
def test_a_sheet_of_many_or_no_images(project: Project) -> None:
    """A sheet shows so many of each kind at most, and the heading alone if none changed."""
    project.experiment("wide", [*range(100)], dropout=0.5)
    found, heading = captions(("main", "wide"))
    assert len(found) == MOST_IMAGES
    assert f"only A is right, 96, of which {MOST_IMAGES} are shown; orange: only B is" in heading
    assert captions(("main", "main"))[0] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "nothing: found no such revision or experiment, expected one that"),
        (["HEAD", "nothing"], "nothing: found no such revision or experiment"),
        ([], "expected either A, or --by PARAMETER; type `python -m experiments.compare --help`"),
        (["HEAD", "--by", "train.dropout"], "expected either A, or --by PARAMETER"),
        (["--by", "train.dropout", "--sheet", "a.png"], "--sheet shows two runs, expected A"),
        (["HEAD", "--json", "--markdown"], "argument --markdown: not allowed with argument --json"),
        (["HEAD", "--seeds"], "unrecognized arguments: --seeds"),
        (
            ["HEAD", "--picture", "a.jpg"],
            "--picture: found a.jpg, expected a .png file in a folder",
        ),
        (["HEAD", "--picture", "none/a.png"], "found none/a.png, expected a .png file in a folder"),
        (
            ["HEAD", "--picture", "a.png", "--sheet", "a.png"],
            "--picture and --sheet: found a.png twice, expected two files",
        ),
        (["--by", "train.width"], "--by: found train.width, expected a parameter of train"),
    ],
)
def test_refuses_bad_input(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    """Every mistake on the command line has a message of one line."""
    with pytest.raises(StageError, match=re.escape(message)) as caught:
        compare(monkeypatch, *arguments)
    assert "\n" not in str(caught.value)


def test_refuses_a_sheet_without_the_scored_images(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrays that are not there, or of another test set, are refused before anything is drawn."""
    images = project.root / "data" / "processed" / "test_images.npy"
    images.write_bytes(images.read_bytes()[:-1] + b"\0")
    message = "test_images.npy: found another test set, expected the one that HEAD and workspace"
    with pytest.raises(StageError, match=message):
        compare(monkeypatch, "HEAD", "--sheet", "a.png")
    images.unlink()
    message = "found no test images, .*; type `dvc repro preprocess`, or `dvc pull`"
    with pytest.raises(StageError, match=message):
        compare(monkeypatch, "HEAD", "--sheet", "a.png")
    assert not (project.root / "a.png").exists()


@pytest.mark.slow
def test_an_error_is_one_line(project: Project) -> None:
    """The program ends with exit code 1 and one line on stderr, without a traceback."""
    for arguments in (["nothing"], ["HEAD", "--seeds"]):
        result = subprocess.run(
            [sys.executable, "-m", "experiments.compare", *arguments],
            cwd=project.root,
            env=environment() | {"PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 1
        assert result.stdout == ""
        assert re.fullmatch("error: .*\n", result.stderr)
