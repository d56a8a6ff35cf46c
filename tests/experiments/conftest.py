"""A small project with runs in Git, made without training."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from experiments.configuration import Configuration, flat
from experiments.finding import Finding, compare_runs
from experiments.runs import Run
from experiments.sources import Source
from stages.shared.arrays import LabelledImages, save_split

IMAGES = 200
LABELS = np.arange(IMAGES, dtype=np.uint8) % 10
PARAMS: dict[str, dict[str, Any]] = {
    "download": {"dataset": "digits"},
    "preprocess": {"seed": 0, "limit": None},
    "train": {"seed": 0, "networks": 1, "dropout": 0.4, "early_stopping": {"patience": 10}},
}


def md5(path: Path) -> str:
    """Return the digest by which DVC knows a file."""
    return hashlib.md5(path.read_bytes()).hexdigest()


class Project(NamedTuple):
    """A Git repository with the files that a run leaves in Git."""

    root: Path

    def git(self, *arguments: str) -> str:
        """Run Git and return what it prints."""
        command = ["git", "-C", str(self.root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def write_run(
        self,
        wrong: list[int],
        loss: float = 0.1,
        code: str = "c0de",
        own: dict[str, str] | None = None,
        **train: Any,
    ) -> None:
        """Write the files of a run that is wrong about some images, with parameters of train.

        `own` has the answers to own pictures, all of the label 7, by their digests.
        """
        predicted = LABELS.copy()
        predicted[wrong] = (LABELS[wrong] + 1) % 10
        rows = [f"{i},{LABELS[i]},{predicted[i]},0.9" for i in range(IMAGES)]
        self.write(
            "metrics/predictions.csv", "\n".join(["index,label,predicted,confidence", *rows])
        )
        answers = [f"{digest},7,{predicted},0.9" for digest, predicted in (own or {}).items()]
        self.write(
            "metrics/own_predictions.csv",
            "\n".join(["sha256,label,predicted,confidence", *answers]),
        )
        self.write("plots/history.csv", f"epoch,val_loss,kept\n1,{loss},1\n2,{loss + 1},0\n")
        params = PARAMS | {"train": PARAMS["train"] | train}
        self.write("params.yaml", yaml.safe_dump(params))
        self.write_lock(params, code)

    def write_lock(self, params: dict[str, Any], code: str = "c0de") -> None:
        """Write dvc.lock for the files as they are."""
        images = self.root / "data" / "processed" / "test_images.npy"
        train = str(params["train"])  # stands for the model
        used = {"download": ["download"], "preprocess": ["preprocess"], "train": ["train"]}
        outs = {
            "train": {"models/model.keras": train, "plots/history.csv": ""},
            "evaluate": {"metrics/predictions.csv": "", "metrics/own_predictions.csv": ""},
        }
        deps = {
            "train": {"stages/training": code},
            "evaluate": {
                "data/processed/test_images.npy": md5(images),
                "models/model.keras": train,
            },
        }
        stages = {
            stage: {
                "params": {"params.yaml": {name: params[name] for name in used.get(stage, [])}},
                "deps": [{"path": k, "md5": v} for k, v in deps.get(stage, {}).items()],
                "outs": [
                    {"path": path, "md5": digest or md5(self.root / path)}
                    for path, digest in outs.get(stage, {}).items()
                ],
            }
            for stage in ("download", "preprocess", "train", "evaluate")
        }
        self.write("dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": stages}))

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def commit(self) -> str:
        """Commit everything and return the hash."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=run")
        return self.git("rev-parse", "HEAD")

    def experiment(self, name: str, wrong: list[int], **run: Any) -> None:
        """Make an experiment on HEAD, as DVC stores it, and bring the folder back to HEAD."""
        baseline = self.git("rev-parse", "HEAD")
        self.write_run(wrong, **run)
        self.git("add", "--all")
        tree = self.git("write-tree")
        commit = self.git("commit-tree", tree, "-p", baseline, "-m", name)
        self.git("update-ref", f"refs/exps/{baseline[:2]}/{baseline[2:]}/{name}", commit)
        self.git("reset", "--quiet", "--hard", "HEAD")


def made_run(name: str, wrong: Iterable[int], seed: int = 0, **train: Any) -> Run:
    """Return a run in memory that is wrong about some images, with parameters of train."""
    predicted = LABELS.copy()
    predicted[[*wrong]] = (LABELS[[*wrong]] + 1) % 10
    params = flat(PARAMS | {"train": PARAMS["train"] | train | {"seed": seed}})
    configuration = Configuration(params, {"stages/training": "c0de"}, {}, "", "")
    return Run(Source(name, "c", "b"), configuration, LABELS.astype(str), predicted.astype(str))


def made_finding(a: Sequence[Iterable[int]], b: Sequence[Iterable[int]]) -> Finding:
    """Compare runs in memory, each by the images it is wrong about; B has another dropout."""
    return compare_runs(
        ("main", "wide"),
        [made_run(f"main-{seed}", wrong, seed) for seed, wrong in enumerate(a)],
        [made_run(f"wide-{seed}", wrong, seed, dropout=0.5) for seed, wrong in enumerate(b)],
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a project with one committed run that is wrong about images 0 to 3, to be copied."""
    made = Project(tmp_path_factory.mktemp("project"))
    for command in (
        ("init", "--quiet", "--initial-branch=main", "--template="),
        ("config", "user.name", "Test"),
        ("config", "user.email", "test@example.org"),
    ):
        made.git(*command)
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, 28, 28, 1), dtype=np.uint8)
    save_split(made.root / "data" / "processed", "test", LabelledImages(images, LABELS))
    made.write(".gitignore", "/data\n")
    made.write("dvc.yaml", "")
    made.write_run([0, 1, 2, 3])
    made.commit()
    return made


@pytest.fixture
def project(template: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a copy of that project, and go there."""
    root = tmp_path / "project"
    shutil.copytree(template.root, root)
    monkeypatch.chdir(root)
    return Project(root)
