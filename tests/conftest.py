"""What the tests share: small data, small parameters, a project to run DVC in, and a browser."""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml
from filelock import FileLock
from hypothesis import HealthCheck, settings
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from stages.mirrors import variable
from stages.shared.arrays import LabelledImages
from stages.shared.dataset import NAMES
from stages.training.settings import Augmentation, EarlyStopping, Train

# A Git hook sets GIT_DIR, and Git would change that repository instead of a test's own. A user's
# settings, such as signed commits, would change what Git does.
for name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[name]
os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

# Until all tests are collected: the modules are loaded in half the time.
gc.disable()

# Examples of laws: few and always the same ones, or with `--hypothesis-profile=thorough` many and
# others each time. None is kept, and none is bound to a time: the machine may be busy.
LAWS: dict[str, Any] = {
    "database": None,
    "deadline": None,
    # The examples of a test may share a folder: each writes its files anew.
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
settings.register_profile("quick", max_examples=25, derandomize=True, **LAWS)
settings.register_profile("thorough", max_examples=2000, **LAWS)
settings.load_profile("quick")

PROJECT = Path(__file__).parents[1]
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
DRIVER = shutil.which("chromedriver") or ""
BROWSER_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,900",
    # No network: only the app's own server, started by a test, is found.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
# Every class has images, and training takes a few seconds.
SMALL: dict[str, dict[str, Any]] = {
    "download": {"dataset": "digits"},
    "preprocess": {"limit": 120},
    "train": {"model": "small-normalised-cnn", "epochs": 6, "batch_size": 32},
}
# A small network and a short training with dropout and every augmentation.
TRAIN = Train(
    seed=0,
    threads=1,
    instruction_set="avx2",
    model="mlp",
    networks=1,
    start_from=None,
    epochs=4,
    batch_size=32,
    steps_per_execution=3,
    dropout=0.5,
    learning_rate=0.001,
    schedule="one-cycle",
    optimizer="adam",
    early_stopping=EarlyStopping(
        monitor="val_loss", patience=10, min_delta=0, restore_best_weights=True
    ),
    augmentation=Augmentation(rotation=10, scale=0.1, shear=5, shift=2),
    own_share=0.25,
    test_time_shift=1,
)


def environment() -> dict[str, str]:
    """Return this process's environment, with this Python first, no mirror and no cluster."""
    unset = (*map(variable, NAMES), "RAY_ADDRESS")
    own = {key: value for key, value in os.environ.items() if key not in unset}
    return own | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def versions(path: str) -> list[bytes]:
    """Return a file's current content and its content in the last commit."""
    command = ["git", "show", f"HEAD:{path}"]
    committed = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True).stdout
    return [(PROJECT / path).read_bytes(), committed]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that stores anew what tests/seen compares."""
    parser.addoption("--renew", action="store_true", help="store anew what tests/seen compares")


@pytest.fixture
def renew(request: pytest.FixtureRequest) -> bool:
    """Say whether what is compared with something stored shall be stored anew."""
    return bool(request.config.getoption("renew"))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Take three processes, also on two cores, as many slow tests wait; the quick ones do not."""
    return 2 if config.option.markexpr == "not slow" else 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files first that take longest, so that no process ends long before the others."""
    # While the second makes what the following also need, the third does something else.
    longest = ["test_cluster", "test_pipeline", "test_trainer", "test_cluster_here"]
    longest += ["test_extending", "test_kills", "test_own_pictures", "test_tour", "test_server"]
    places = {name: place for place, name in enumerate(longest)}
    items.sort(key=lambda item: places.get(item.path.stem, len(longest)))


def pytest_collection_finish() -> None:
    """Look for garbage again, but not among what the modules hold."""
    gc.freeze()
    gc.enable()


class Pipeline(NamedTuple):
    """A copy of the project with the small data set, in its own Git and DVC repository."""

    root: Path

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, with these variables set, and return its result."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=environment() | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def succeed(self, *command: str) -> str:
        """Run a command that must succeed, and return its output."""
        result = self.run(*command)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def change_params(self, changes: dict[str, dict[str, Any]], file: str = "params.yaml") -> None:
        """Change some keys of a parameter file."""
        path = self.root / file
        content = yaml.safe_load(path.read_text())
        for section, values in changes.items():
            content[section] |= values
        path.write_text(yaml.safe_dump(content))

    def lock(self) -> str:
        """Return dvc.lock's text."""
        return (self.root / "dvc.lock").read_text()


def copy_of_project(root: Path) -> Pipeline:
    """Copy the files of a clone, with small parameters, into the empty folder `root`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).is_file() or (PROJECT / name).is_symlink():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, root / name, follow_symlinks=False)
    pipeline = Pipeline(root)
    pipeline.change_params(SMALL)
    for command in (
        ["git", "init", "--quiet", "--initial-branch=main"],
        ["git", "config", "user.name", "Test"],
        ["git", "config", "user.email", "test@example.org"],
        ["git", "add", "--all"],
        ["git", "commit", "--quiet", "--message=start"],
    ):
        pipeline.succeed(*command)
    return pipeline


def folder_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for what all processes of the tests share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Give a project in which `dvc repro` has run and been committed.

    The first process that needs it makes it; all files of tests get copies.
    """
    folder = folder_of_all(tmp_path_factory)
    made = Pipeline(folder / "reproduced")
    with FileLock(folder / "reproduced.lock"):
        if not made.root.exists():
            pipeline = copy_of_project(tmp_path_factory.mktemp("project"))
            result = pipeline.run("dvc", "repro")
            (folder / "repro.output").write_text(result.stdout)
            (folder / "repro.errors").write_text(result.stderr)
            assert result.returncode == 0, result.stdout + result.stderr
            pipeline.succeed("git", "add", "--all")
            pipeline.succeed("git", "commit", "--quiet", "--message=reproduced")
            pipeline.root.rename(made.root)
    copy = tmp_path_factory.mktemp("reproduced") / "project"
    shutil.copytree(made.root, copy, symlinks=True)
    return Pipeline(copy)


class Log(NamedTuple):
    """What a command has printed."""

    output: str
    errors: str


@pytest.fixture
def log_of_a_run(reproduced: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Give what `dvc repro` printed when it ran the stages for the first time."""
    folder = folder_of_all(tmp_path_factory)
    return Log((folder / "repro.output").read_text(), (folder / "repro.errors").read_text())


@pytest.fixture
def random_images() -> LabelledImages:
    """Give 200 images of noise, 20 of each class."""
    random = np.random.default_rng(0)
    return LabelledImages(
        random.integers(0, 256, (200, 28, 28, 1), dtype=np.uint8),
        np.repeat(np.arange(10, dtype=np.uint8), 20),
    )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Give a headless Chromium with an empty profile and no network."""
    if not (BROWSER and DRIVER):
        pytest.skip("no Chromium and chromedriver here: the page was not tested in a browser")
    options = ChromeOptions()
    options.binary_location = BROWSER
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for option in [*BROWSER_OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(option)
    driver = Chrome(options, Service(DRIVER))
    yield driver
    driver.quit()
