import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.compare import main, parse_options
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
    printed = capsys.readouterr().out
    found = json.loads(printed)
    assert (found["a"]["name"], found["b"]["name"]) == ("HEAD", "main")
    assert printed == json.dumps(found, indent=2) + "\n"


def test_prints_a_ranking(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --by there is a row for each value, and no file is written unless asked for."""
    project.experiment("wide", [2, 3, 4], dropout=0.5, loss=0.05)
    compare(monkeypatch, "--by", "train.dropout")
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows[:3]] == ["train.dropout", "0.5", "0.4"]
    assert project.git("status", "--porcelain") == ""


def test_draws_pictures(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both pictures of two runs are written, and that of a ranking."""
    project.experiment("wide", [2, 3, 4], dropout=0.5)
    picture, sheet, ranking = (tmp_path / name for name in ("a.png", "b.png", "c.png"))
    compare(monkeypatch, "main", "wide", "--picture", str(picture), "--sheet", str(sheet))
    compare(monkeypatch, "--by", "train.dropout", "--picture", str(ranking))
    for path, width in ((picture, 1000), (sheet, 1200), (ranking, 1000)):
        with Image.open(path) as drawn:
            assert drawn.width == width


@pytest.mark.slow
def test_a_sheet_of_many_or_no_images(project: Project) -> None:
    """A sheet shows so many of each kind at most, and the heading alone if none changed."""
    project.experiment("wide", [*range(100)], dropout=0.5)
    found, heading = captions(("main", "wide"))
    assert len(found) == MOST_IMAGES
    assert f"only A is right, 96, of which {MOST_IMAGES} are shown; orange: only B is" in heading
    assert captions(("main", "main"))[0] == []


HELP = "; type `python -m experiments.compare --help` to see what is allowed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["HEAD", "nothing"],
            "nothing: found no such revision or experiment, expected one that `git log --all` or "
            "`dvc exp list --all-commits` shows; type its name",
        ),
        ([], f"expected either A, or --by PARAMETER{HELP}"),
        (["HEAD", "--by", "train.dropout"], f"expected either A, or --by PARAMETER{HELP}"),
        (
            ["--by", "train.dropout", "--sheet", "a.png"],
            f"--sheet shows two runs, expected A without --by{HELP}",
        ),
        *(
            (
                ["--own", *others],
                f"--own compares two runs by numbers, expected it without --by and --sheet{HELP}",
            )
            for others in (["--by", "train.dropout"], ["HEAD", "--sheet", "a.png"])
        ),
        (
            ["HEAD", "--json", "--markdown"],
            f"argument --markdown: not allowed with argument --json{HELP}",
        ),
        (["HEAD", "--seeds"], f"unrecognized arguments: --seeds{HELP}"),
        (
            ["HEAD", "--picture", "a.jpg"],
            f"--picture: found a.jpg, expected a .png file in a folder that exists{HELP}",
        ),
        (
            ["HEAD", "--sheet", "none/a.png"],
            f"--sheet: found none/a.png, expected a .png file in a folder that exists{HELP}",
        ),
        (
            ["HEAD", "--picture", "a.png", "--sheet", "a.png"],
            f"--picture and --sheet: found a.png twice, expected two files{HELP}",
        ),
    ],
)
def test_refuses_bad_input(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    """Every mistake on the command line has a message of one line."""
    with pytest.raises(StageError) as caught:
        compare(monkeypatch, *arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "arguments",
    [
        ["HEAD", "--picture", "a.PNG", "--sheet", "b.png"],
        ["HEAD", "main", "--own", "--picture", "a.png", "--json"],
        ["--by", "train.dropout", "--picture", "a.png", "--markdown"],
    ],
)
def test_options_that_go_together(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """Pictures may be asked for in each way of comparing, in a form of text as well."""
    monkeypatch.setattr(sys, "argv", ["compare", *arguments])
    assert parse_options()


def test_refuses_another_folder(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder of the repository that is not the pipeline's, one line says where to go."""
    folder = project.root / "metrics"
    monkeypatch.chdir(folder)
    with pytest.raises(StageError) as caught:
        compare(monkeypatch, "HEAD")
    assert str(caught.value) == (
        f"{folder}: found no pipeline, expected the project's folder; `cd` to it"
    )
    assert capsys.readouterr().out == ""


def test_a_picture_that_cannot_be_written_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed of a comparison of which a part failed."""
    (project.root / "a.png").mkdir()
    with pytest.raises(StageError) as caught:
        compare(monkeypatch, "HEAD", "--picture", "a.png")
    assert str(caught.value) == "a.png: Is a directory; type another path"
    assert capsys.readouterr().out == ""


def test_a_full_disk_is_named_and_an_early_end_is_not(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`compare HEAD | head -1` is no error, and `compare HEAD > file` on a full disk is one."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", closed)
        compare(patch, "HEAD")
    with Path("/dev/full").open("w") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        with pytest.raises(StageError) as caught:
            compare(patch, "HEAD")
    assert str(caught.value) == "standard output: No space left on device; free some space"


def test_refuses_a_sheet_without_the_scored_images(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrays that are not there, or of another test set, are refused before anything is drawn."""
    images = project.root / "data" / "processed" / "test_images.npy"
    images.write_bytes(images.read_bytes()[:-1] + b"\0")
    message = (
        "data/processed/test_images.npy: found {}, expected the one that HEAD and workspace were "
        "scored on; type `dvc repro preprocess`, or `dvc pull` if there is a remote"
    )
    with pytest.raises(StageError) as caught:
        compare(monkeypatch, "HEAD", "--sheet", "a.png")
    assert str(caught.value) == message.format("another test set")
    images.unlink()
    with pytest.raises(StageError) as caught:
        compare(monkeypatch, "HEAD", "--sheet", "a.png")
    assert str(caught.value) == message.format("no test images")
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
