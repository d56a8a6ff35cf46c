"""Kill the pipeline at random moments, run it again, and compare with an undisturbed run.

`python -m tests.kills --kills 50` prints a line per kill. It exits with 1 if a run of the small
data set ends in another dvc.lock than the undisturbed run, or repeats an epoch. (A run that is
killed after training, before DVC records it, does train again and gives the same bytes.)
"""

import argparse
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

import psutil

from tests.conftest import Pipeline, copy_of_project, environment

EPOCHS = 8


class Outcome(NamedTuple):
    """The result of one kill."""

    stage: str  # the last stage that started
    epochs: int  # finished by the killed run; 0 if none, or if its model is written
    resumed_after: int  # the epoch; 0 if training restarted or had nothing to do
    same_lock: bool

    @property
    def good(self) -> bool:
        """Tell whether the lock is the same and no epoch was lost."""
        return self.same_lock and self.resumed_after == self.epochs


def prepare(folder: Path) -> tuple[Pipeline, str, float]:
    """Run undisturbed; return the project, its dvc.lock and the seconds it took.

    The training is long enough to be killed in it.
    """
    pipeline = copy_of_project(folder)
    pipeline.change_params({"train": {"model": "normalised-cnn", "epochs": EPOCHS}})
    pipeline.succeed("git", "commit", "--quiet", "--all", "--message=epochs")
    start = time.monotonic()
    pipeline.succeed("dvc", "repro")
    return pipeline, pipeline.lock(), time.monotonic() - start


def start(
    pipeline: Pipeline, *arguments: str, output: IO[str] | int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Start `dvc repro` with these arguments, in a process group of its own.

    DVC starts stages through the user's shell; /bin/sh may keep running between the two.
    """
    return subprocess.Popen(
        ["dvc", "repro", *arguments],
        cwd=pipeline.root,
        env=environment() | {"SHELL": "/bin/sh"},
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_once(
    pipeline: Pipeline,
    lock: str,
    wait: Callable[[subprocess.Popen[str]], object],
    whole_group: bool,
    *arguments: str,
) -> Outcome:
    """Start `dvc repro` with these arguments, kill it once `wait` returns, and run it again."""
    log = pipeline.root.parent / "killed.log"
    with log.open("w") as output:
        killed = start(pipeline, *arguments, output=output)
    wait(killed)
    orphans = []
    if killed.poll() is None:
        orphans = psutil.Process(killed.pid).children(recursive=True)
        kill = os.killpg if whole_group else os.kill
        kill(killed.pid, signal.SIGKILL)
        killed.wait()
    again = start(pipeline, *arguments)  # at once, while a surviving stage may still run
    psutil.wait_procs(orphans)
    epochs = last_epoch(pipeline)
    printed, _ = again.communicate()
    if again.returncode != 0:
        print(printed, file=sys.stderr)
    resumed = re.search(r"resuming after epoch (\d+)", printed)
    started = [line for line in log.read_text().splitlines() if line.startswith("Running stage")]
    return Outcome(
        stage=started[-1].split("'")[1] if started else "none",
        epochs=epochs,
        resumed_after=int(resumed[1]) if resumed else 0,
        same_lock=again.returncode == 0 and pipeline.lock() == lock,
    )


def last_epoch(pipeline: Pipeline) -> int:
    """Return the last epoch of the training states on disk, 0 if there are none."""
    states = (pipeline.root / ".checkpoints").glob("*/*.npz")
    return max((int(path.stem[-5:]) for path in states), default=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    arguments = parser.parse_args()
    print(f"seed of the moments: {arguments.seed}")
    moments = random.Random(arguments.seed)
    good = trained = 0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "project").mkdir()
        pipeline, lock, seconds = prepare(Path(folder) / "project")
        print(f"undisturbed: {seconds:.1f} s")
        for index in range(1, arguments.kills + 1):
            moment, whole_group = moments.uniform(0, seconds), index % 2 == 0
            pipeline.succeed("git", "checkout", "--quiet", ".")
            pipeline.succeed("git", "clean", "-dffxq")
            outcome = kill_once(
                pipeline,
                lock,
                lambda _, moment=moment: time.sleep(moment),  # type: ignore[misc]
                whole_group,
            )
            good += outcome.good
            trained += outcome.epochs > 0
            print(
                f"{index}/{arguments.kills}: {'the group' if whole_group else 'dvc alone'} "
                f"after {moment:.2f} s, in {outcome.stage}: "
                f"{f'resumed after epoch {outcome.resumed_after}' if outcome.resumed_after else ''}"
                f"{'' if outcome.resumed_after else 'nothing to resume'}, "
                f"{'same lock' if outcome.same_lock else 'ANOTHER LOCK'}"
                f"{'' if outcome.good else '  <-- WRONG'}",
                flush=True,
            )
    print(
        f"{good} of {arguments.kills} as undisturbed; {trained} had begun to train and went on "
        f"from there (seed {arguments.seed})"
    )
    sys.exit(good != arguments.kills)


if __name__ == "__main__":
    main()
