"""Run one stage of the pipeline: python -m stages STAGE --option PATH ...

STAGE is download, preprocess, train, evaluate or plot; `python -m stages STAGE --help` lists the
stage's paths. dvc.yaml holds the full commands.
"""

import argparse
import gc
import os
import sys
import threading
import time
from pathlib import Path

from stages.quiet import import_quietly
from stages.shared.cli import run
from stages.shared.params import load_section

STAGES = ("download", "preprocess", "train", "evaluate", "plot")


def main() -> None:
    found = sys.argv[1] if len(sys.argv) > 1 else "no stage"
    if found in ("-h", "--help"):
        print(__doc__)
        return
    if found not in STAGES:
        print(
            f"error: found {found}, expected one of {', '.join(STAGES)}; "
            "type `python -m stages --help`",
            file=sys.stderr,
        )
        sys.exit(2)
    if "DVC_STAGE" in os.environ:
        threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    name = sys.argv.pop(1)
    sys.argv[0] = f"python -m stages {name}"
    run(lambda: run_stage(name))


def run_stage(name: str) -> None:
    """Run a stage's `main`.

    Before a training, check the parameters of all stages. If RAY_ADDRESS names a cluster, the
    networks are trained there first: the stage then finds all epochs in its checkpoints.
    """
    environment = dict(os.environ)  # before libraries add to it
    # Only the stage that runs is imported: TensorFlow alone takes seconds, and one more if the
    # garbage collector looks through its classes meanwhile.
    gc.disable()
    stage = import_quietly(f"stages.{name}")
    gc.freeze()
    gc.enable()
    parser = argparse.ArgumentParser(add_help=False)
    for path in ("params", "processed", "history", "progress"):
        parser.add_argument(f"--{path}", nargs="?", type=Path)
    paths = parser.parse_known_args()[0]
    if name == "train" and all(vars(paths).values()) and "--help" not in sys.argv:
        check_parameters(paths.params)
        if environment.get("RAY_ADDRESS"):
            from stages.cluster.launch import filled_checkpoints  # few runs need it

            with filled_checkpoints(environment, paths):
                stage.main()
            return
    stage.main()


def check_parameters(path: Path) -> None:
    """Read every section of a parameter file, so that an error does not show after a training.

    No output depends on this. Raises `StageError` for the first section that has an error.
    """
    from stages.plot import Plot  # here, because the other stages need not wait for Matplotlib
    from stages.preprocess import Preprocess
    from stages.shared.dataset import Download
    from stages.training.settings import Train

    for section in (Download, Preprocess, Train, Plot):
        load_section(section, path)


def end_with_parent(parent: int) -> None:
    """End this process as soon as DVC, its parent process, is gone.

    A killed DVC cannot stop its stage, and the next `dvc repro` must not race it. Stages write
    whole files or none, so they may end at any moment.
    """
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(1)


if __name__ == "__main__":
    main()
