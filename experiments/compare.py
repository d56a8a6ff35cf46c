"""Say whether two runs differ by more than chance: python -m experiments.compare A [B].

A and B are Git revisions or DVC experiments; without B it is the workspace. Each stands for all of
its seeds: the experiments on the same commit that differ from it in train.seed alone. The command
prints what differs, the errors, the difference with a 95 % interval for chance by seeds and by test
images, and the answer in one sentence. It trains nothing and needs no cache.

With --own it compares the answers to your own test pictures, as far as both runs have scored them.

With --by PARAMETER it ranks the values of a parameter instead, of HEAD and of the experiments on
it, by validation loss. docs/experiments.md says how to read both.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from matplotlib.figure import Figure

from experiments.configuration import TEST_IMAGES, digest
from experiments.figures import changed_figure, comparison_figure, ranking_figure
from experiments.finding import Finding, compare_sources
from experiments.layout import Part, as_markdown, as_text
from experiments.own_pictures import on_own_pictures
from experiments.ranking import rank, ranking_as_json, ranking_report
from experiments.report import as_json, report
from experiments.sources import check_folder, find_source, workspace
from stages.shared.arrays import UInt8Array, load_split
from stages.shared.cli import StageError, run
from stages.shared.files import write_figure


class Results(NamedTuple):
    """What is printed in one of three forms, and drawn if asked for."""

    parts: Sequence[Part]
    json: dict[str, Any]
    pictures: dict[Path, Figure]


class _OneLineParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise StageError(f"{message}; type `{self.prog} --help` to see what is allowed")


def parse_options() -> argparse.Namespace:
    """Parse the command line.

    Raises `StageError` if options are unknown or do not go together.
    """
    parser = _OneLineParser(
        prog="python -m experiments.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("a", nargs="?", metavar="A", help="a Git revision or a DVC experiment")
    parser.add_argument("b", nargs="?", metavar="B", help="another; by default the workspace")
    parser.add_argument("--by", metavar="PARAMETER", help="rank its values, such as train.dropout")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print Markdown")
    form.add_argument("--json", action="store_true", help="print a JSON object")
    parser.add_argument("--own", action="store_true", help="compare on own test pictures")
    file: dict[str, Any] = {"type": Path, "metavar": "OUT.png"}
    parser.add_argument("--picture", **file, help="draw the errors and the difference")
    parser.add_argument("--sheet", **file, help="draw the test images that changed sides")
    options = parser.parse_args()
    if bool(options.a) == bool(options.by):
        parser.error("expected either A, or --by PARAMETER")
    if options.by and options.sheet:
        parser.error("--sheet shows two runs, expected A without --by")
    if options.own and (options.by or options.sheet):
        parser.error("--own compares two runs by numbers, expected it without --by and --sheet")
    for name in ("picture", "sheet"):
        path = getattr(options, name)
        if path and (path.suffix.lower() != ".png" or not path.parent.is_dir()):
            parser.error(f"--{name}: found {path}, expected a .png file in a folder that exists")
    if options.picture and options.picture == options.sheet:
        parser.error(f"--picture and --sheet: found {options.sheet} twice, expected two files")
    return options


def compare(options: argparse.Namespace) -> Results:
    """Compare A with B, and draw what is asked for."""
    a = find_source(options.a)
    finding = compare_sources(a, find_source(options.b) if options.b else workspace())
    if options.own:
        finding = on_own_pictures(finding)
    pictures = {}
    if options.picture:
        pictures[options.picture] = comparison_figure(finding)
    if options.sheet:
        pictures[options.sheet] = changed_figure(finding, load_test_images(finding))
    return Results(report(finding), as_json(finding), pictures)


def rank_by(options: argparse.Namespace) -> Results:
    """Rank the values of a parameter, and draw them if asked for."""
    ranked = rank(options.by)
    pictures = {options.picture: ranking_figure(options.by, ranked)} if options.picture else {}
    return Results(
        ranking_report(options.by, ranked), ranking_as_json(options.by, ranked), pictures
    )


def load_test_images(finding: Finding) -> UInt8Array:
    """Read the test images that the runs were scored on, (N, 28, 28, 1).

    Raises `StageError` if they are not there, or if the folder has those of another test set.
    """
    path = Path(TEST_IMAGES)
    scored = {configuration.test_images for configuration in finding.configurations}
    found = "another test set" if path.exists() else "no test images"
    if not path.exists() or digest(path.read_bytes()) not in scored:
        raise StageError(
            f"{path}: found {found}, expected the one that {' and '.join(finding.names)} were "
            "scored on; type `dvc repro preprocess`, or `dvc pull` if there is a remote"
        )
    return load_split(path.parent, "test").images


def main() -> None:
    options = parse_options()
    check_folder()
    results = rank_by(options) if options.by else compare(options)
    for path, figure in results.pictures.items():
        try:
            write_figure(path, figure)
        except OSError as error:
            raise StageError(f"{path}: {error.strerror}; type another path") from error
    if options.json:
        text = json.dumps(results.json, indent=2)
    else:
        text = as_markdown(results.parts) if options.markdown else as_text(results.parts)
    try:
        print(text, flush=True)
    except OSError as error:
        # Python flushes the rest of the buffer at exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # the reader of our output has ended
            raise StageError(f"standard output: {error.strerror}; free some space") from error


if __name__ == "__main__":
    run(main)
