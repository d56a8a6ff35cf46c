"""Refuse each write of each stage once, and look at what the stage leaves and says.

`python -m tests.disk_faults` refuses each write with each of three errors. It prints a line per
stage, and one for each write after which an output was neither whole nor absent, the error was not
one line that names the file and says what to do, a temporary file was left, or the next run gave
other bytes than an undisturbed one. It exits with 1 if there was such a write.

The stages are those of dvc.yaml, with their commands and outputs, on a small data set; after them
come other programs that write files. All run in one process, as TensorFlow takes seconds to start.
"""

import argparse
import errno
import logging
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

import yaml

from stages.shared.cli import run
from tests.conftest import PROJECT
from tests.refusals import Disk, Write
from tests.writers import OWN, Program, commit_runs, programs

SMALL: dict[str, dict[str, Any]] = {
    "download": {"dataset": "digits"},
    "preprocess": {"limit": 60},
    "train": {
        "model": "mlp",
        "epochs": 2,
        "batch_size": 32,
        "threads": 1,
        "test_time_shift": 0,
    },
    "plot": {"predictions": 1, "mistakes": 1},
}
TEMPORARY, CHECKPOINTS = Path("tmp"), Path(".checkpoints")
# TensorFlow keeps the source of what it has traced until its process ends.
TRACED = "__autograph_generated_file*.py"


class Fault(NamedTuple):
    """An error, and what the stage finds in the place of each output."""

    error: int
    old: bytes = b""  # empty: no file


FAULTS = (Fault(errno.ENOSPC), Fault(errno.EIO, b"old"), Fault(errno.EACCES))


class Ended(BaseException):
    """A program has ended its process."""


class Run(NamedTuple):
    """What a run came to."""

    code: int
    errors: str  # all that it wrote to stderr


Versions = dict[Path, list[bytes]]  # all that an undisturbed run writes into each output, in order


def run_once(program: Program, log: IO[bytes]) -> Run:
    """Run a program in this process, whose stderr is `log`, as a process of its own would."""
    if keras := sys.modules.get("keras"):
        keras.utils.clear_session()  # it numbers layers anew
    sys.argv = [program.name, *program.arguments]
    log.seek(0)
    log.truncate()
    code = 0
    try:
        run(program.main)
    except Ended as ended:
        code = ended.args[0]
    except Exception as error:  # what would be a traceback
        print(f"Traceback: {error!r}", file=sys.stderr)
        code = 1
    sys.stderr.flush()
    log.seek(0)
    return Run(code, log.read().decode(errors="replace"))


def undisturbed(program: Program, log: IO[bytes]) -> Versions:
    """Run a program and return all that it writes: some outputs are written after each epoch."""
    versions: Versions = {path: [] for path in program.outputs}
    replace = os.replace

    def noting(source: Path, target: Path) -> None:
        replace(source, target)
        versions.get(Path(target), []).append(Path(target).read_bytes())

    os.replace = noting  # type: ignore[assignment]
    ended = run_once(program, log)
    os.replace = replace
    assert ended.code == 0, ended.errors
    for path, written in versions.items():
        written.append(path.read_bytes())
    return versions


def clear(program: Program, old: bytes) -> None:
    """Remove what runs leave; write `old`, if any, in the place of each output."""
    for path in program.outputs:
        path.unlink(missing_ok=True)
        if old:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(old)
        elif path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()
    for folder in (TEMPORARY, CHECKPOINTS):
        shutil.rmtree(folder, ignore_errors=True)
    TEMPORARY.mkdir()


def content(path: Path) -> bytes:
    """Return the content of a file, empty if there is none."""
    return path.read_bytes() if path.exists() else b""


def is_complete(versions: Versions) -> bool:
    """Tell whether the outputs are those of an undisturbed run."""
    return all(content(path) == written[-1] for path, written in versions.items())


def all_files() -> frozenset[tuple[Path, str]]:
    """Return the files in the current folder, each with the digest of its content."""
    paths = [path for path in Path().rglob("*") if path.is_file() and TEMPORARY not in path.parents]
    return frozenset((path, sha256(path.read_bytes()).hexdigest()) for path in paths)


def known_path(path: Path) -> Path:
    """Return the file that a user knows for the one that was to be written."""
    path = path.relative_to(Path.cwd())
    if TEMPORARY in path.parents:
        return TEMPORARY.absolute()
    if path.name.endswith(".tmp"):
        return path.with_name(path.name[1:].removesuffix(".tmp"))
    return path


def complaints(
    program: Program, ended: Run, refused: Write, fault: Fault, versions: Versions
) -> Iterator[str]:
    """Say what is wrong after a run in which a write was refused."""
    if ended.code == 0:  # it could do without this write
        if not is_complete(versions):
            yield "it reported success and wrote something else"
    else:
        known = program.named or known_path(refused.path)
        begins, ends = ended.errors.startswith("error: "), f"{program.what_to_do}\n"
        is_line = begins and ended.errors.endswith(ends) and ended.errors.count("\n") == 1
        if not is_line or f"{known}" not in ended.errors:
            yield f"expected one line that names {known}, found {ended.errors[:2000]!r}"
    for path, written in versions.items():
        if content(path) not in (b"", fault.old, *written):
            yield f"{path} is neither whole nor absent"
    if refused.call not in ("unlink", "rmdir"):  # what these should have removed, stays
        scratch = {path for path in TEMPORARY.rglob("*") if path.is_file()}
        left = (scratch | {*Path().rglob("*.tmp")}) - {*TEMPORARY.glob(TRACED)}
        if left:
            yield f"left {', '.join(map(str, sorted(left)))}"


def try_writes(
    program: Program, most: int | None, disk: Disk, log: IO[bytes]
) -> Iterator[list[str]]:
    """Refuse the writes of a program; yield what was wrong after each.

    Each write meets each error, or, if there are to be at most `most`, one of them in turn.
    """
    clear(program, b"")
    good = {all_files()}  # the files from which a run gives the same bytes
    disk.refuse(0, 0)
    versions = undisturbed(program, log)
    step = math.ceil(disk.writes / (most or disk.writes))
    step += step % 5 == 0  # to write a file whole takes five calls: not the same one each time
    for turn, number in enumerate(range((step + 1) // 2, disk.writes + 1, step)):
        for fault in [FAULTS[turn % len(FAULTS)]] if most else FAULTS:
            clear(program, fault.old if program.replaces else b"")
            disk.refuse(number, fault.error)
            ended = run_once(program, log)
            refused = disk.refused
            disk.refuse(0, 0)
            if not refused:  # there are fewer where the folders exist
                continue
            wrong = [*complaints(program, ended, refused, fault, versions)]
            if (files := all_files()) not in good:  # a run depends on its files alone
                again = run_once(program, log)
                if again.code or not is_complete(versions):
                    wrong.append(f"the next run gave other bytes, or failed: {again.errors}")
                else:
                    good.add(files)
            kind = f"write {number}: {refused.call} {refused.path}: {errno.errorcode[fault.error]}"
            yield [f"{kind}: {one}" for one in wrong]
    if not is_complete(versions):
        run_once(program, log)  # for the next program, which reads these outputs


def try_programs(chosen: dict[str, int | None], disk: Disk) -> int:
    """Try the programs in the disk's folder and print what comes of it; return the exit code.

    `chosen` has the most writes to refuse, None for all, by the names of programs.
    """
    os.chdir(disk.folder)
    os.environ["TMPDIR"] = tempfile.tempdir = str(TEMPORARY.absolute())
    params = yaml.safe_load((PROJECT / "params.yaml").read_text())
    Path("params.yaml").write_text(
        yaml.safe_dump({name: section | SMALL[name] for name, section in params.items()})
    )
    OWN.mkdir(parents=True)
    # Runs in one process trace the same functions again and again.
    logging.getLogger("tensorflow").addFilter(lambda one: "retracing" not in one.getMessage())
    failures = 0
    with silenced() as (log, output):
        for place, program in enumerate(programs()):
            if program.name not in chosen:
                later = programs()[place:]
                if any(one.is_stage for one in later if one.name in chosen):
                    clear(program, b"")
                    undisturbed(program, log)
                continue
            if program.name == "compare":
                commit_runs()
            tried = held = 0
            for wrong in try_writes(program, chosen[program.name], disk, log):
                tried += 1
                held += not wrong
                for line in wrong:
                    print(line, file=output)
            print(f"{program.name}: {tried} writes refused, {held} held", file=output)
            failures += tried - held
    return int(failures > 0)


@contextmanager
def silenced() -> Iterator[tuple[IO[bytes], IO[str]]]:
    """Give a log in the place of stderr, and this process's output; programs cannot end it."""

    def ended(status: int) -> NoReturn:
        raise Ended(status)

    end, os._exit = os._exit, ended
    output, errors = os.fdopen(os.dup(1), "w", buffering=1), os.dup(2)
    with tempfile.TemporaryFile(dir="/dev/shm") as log, Path(os.devnull).open("w") as nowhere:
        os.dup2(log.fileno(), 2)
        os.dup2(nowhere.fileno(), 1)
        try:
            yield log, output
        finally:
            os._exit = end
            os.dup2(errors, 2)


def main() -> None:
    names = [program.name for program in programs()]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    meaning = "and the most of its writes to refuse; a NAME is one of " + ", ".join(names)
    parser.add_argument("programs", nargs="*", default=names, metavar="NAME[=MOST]", help=meaning)
    parts = [text.partition("=") for text in parser.parse_args().programs]
    chosen = {name: int(most) if most else None for name, _, most in parts}
    if unknown := chosen.keys() - {*names}:
        parser.error(f"found {', '.join(unknown)}, expected some of {', '.join(names)}")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # in memory: fsync does not wait
        disk = Disk(Path(folder))
        sys.exit(disk.run(lambda: try_programs(chosen, disk)))


if __name__ == "__main__":
    main()
