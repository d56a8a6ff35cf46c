"""The programs whose writes tests.disk_faults refuses: the stages of dvc.yaml and others."""

import importlib
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from app import montage
from app.classes import DIGITS
from app.own_folder import FolderError, OwnFolder, name_of
from experiments.compare import main as compare
from stages.shared.arrays import LabelledImages, save_split
from stages.shared.cli import StageError
from tests.conftest import PROJECT
from tests.experiments.conftest import IMAGES, LABELS, Project

OWN, STEPS, PICTURE = Path("data/own"), Path("steps.png"), b"a picture"


class Program(NamedTuple):
    """A stage, or another program that writes files."""

    name: str
    main: Callable[[], None]
    outputs: list[Path]
    arguments: Sequence[str] = ()
    what_to_do: str = ": check the disk and its permissions, then type `dvc repro` again"
    named: Path | None = None  # what the error names in place of the file
    replaces: bool = True  # a file that is there
    is_stage: bool = False  # it reads what the stages before it write


def programs() -> list[Program]:
    """Return the stages in the order in which they run, and then the other programs."""
    found = []
    for name, stage in yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"].items():
        arguments = shlex.split(stage["cmd"])[5:]  # without exec python -m stages NAME
        listed = [one for key in ("outs", "metrics", "plots") for one in stage.get(key, [])]
        paths = [Path(one if isinstance(one, str) else next(iter(one))) for one in listed]
        found.append(Program(name, partial(run_stage, name), paths, arguments, is_stage=True))
    sheet, own = Path("sheet.png"), OWN / "7" / name_of(PICTURE, ".png")
    return [
        *found,
        Program(
            "own",
            save_own,
            [own],
            what_to_do="; expected a folder to write in",
            named=OWN,
            replaces=False,
        ),
        Program("show", show, [STEPS], what_to_do="", named=STEPS),
        Program(
            "compare",
            compare,
            [Path("picture.png"), sheet],
            ["HEAD", "--picture", "picture.png", "--sheet", f"{sheet}"],
            what_to_do="; type another path",
        ),
    ]


def run_stage(name: str) -> None:
    """Run a stage of dvc.yaml."""
    importlib.import_module(f"stages.{name}").main()


def save_own() -> None:
    """Save a picture as the page does."""
    try:
        OwnFolder(OWN, DIGITS).save(PICTURE, ".png", "7")
    except FolderError as error:
        raise StageError(str(error)) from error


def show() -> None:
    """Write the steps of a picture as `python -m app.predict --show` does."""
    try:
        montage.save([np.eye(28, dtype=np.uint8)], STEPS)
    except OSError as error:
        raise StageError(f"--show: {STEPS}: {error.strerror}") from error


def commit_runs() -> None:
    """Make the current folder a Git repository of a run, with another one in its files."""
    project = Project(Path.cwd())
    project.git("init", "--quiet")
    project.git("config", "user.name", "Test")
    project.git("config", "user.email", "test@example.org")
    project.write(".gitignore", "/data\n/tmp\n")
    images = np.zeros((IMAGES, 28, 28, 1), np.uint8)
    save_split(Path("data/processed"), "test", LabelledImages(images, LABELS))
    project.write("dvc.yaml", "")
    project.write_run([0, 1, 2, 3])
    project.commit()
    project.write_run([0, 1])
