"""What the tests notice: the results of `mutmut run`, module by module.

`python -m tests.mutations` prints a Markdown table of the last `mutmut run`: the faults put into
each module, those that mypy sees, those that a quick test notices, and those that nothing notices.
A fault that changes nothing anybody could notice is listed with the reason in
tests/equivalents.toml, and does not count.

With --unnoticed it prints the faults that nothing notices. With --since REVISION it runs mutmut on
the lines that were changed since then, and exits with 1 if less than 85 % of their faults are
noticed.
"""

import argparse
import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import make_mutant_key, orig_function_and_class_names_from_key

EQUIVALENTS = Path("tests/equivalents.toml")
LEAST = 85  # percent of the faults on changed lines
NOTICED = ("killed", "timeout", "segfault", "suspicious")  # ends other than all tests passing


class Fault(NamedTuple):
    """A small fault that mutmut put into a function."""

    key: str  # mutmut's name for it; its number changes with the code
    path: Path
    result: str  # types, tests, equivalent, nothing or not run

    @property
    def where(self) -> str:
        """The function: module.Class.function."""
        name, owner = orig_function_and_class_names_from_key(self.key)
        return ".".join(filter(None, [*self.path.with_suffix("").parts, owner, name]))

    @property
    def change(self) -> tuple[str, str]:
        """The lines before and after, without what is around them."""
        lines = get_diff_for_mutant(self.key, path=self.path).split("\n")[3:]
        return tuple(  # type: ignore[return-value]
            "\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
        )

    @property
    def line(self) -> int:
        """The line of the file, from 1, in which the change begins."""
        _, _, place, *lines = get_diff_for_mutant(self.key, path=self.path).split("\n")
        offset = int(re.findall(r"-(\d+)", place)[0]) - 1
        unchanged = next(index for index, line in enumerate(lines) if line[0] in "-+")
        return functions(self.path)[self.where].lines.start + offset + unchanged


class Function(NamedTuple):
    """A function or method of a module."""

    pattern: str  # that mutmut's names of its faults match
    lines: range  # of the file, from 1, with the decorators


@cache
def functions(path: Path) -> dict[str, Function]:
    """Return the functions and methods of a module, by their full names."""
    module = ".".join(path.with_suffix("").parts)

    def visit(parent: ast.Module | ast.ClassDef) -> Iterator[tuple[str, Function]]:
        for node in parent.body:
            if isinstance(node, ast.ClassDef):
                yield from visit(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                owner = parent.name if isinstance(parent, ast.ClassDef) else None
                name = ".".join(filter(None, [module, owner, node.name]))
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                pattern = f"{module}.{make_mutant_key(node.name, owner)}__mutmut_*"
                yield name, Function(pattern, range(first, (node.end_lineno or first) + 1))

    return dict(visit(ast.parse(path.read_text())))


def read_equivalents() -> dict[tuple[str, str, str], str]:
    """Return the reason of each fault that nobody could notice: (where, before, after) -> why."""
    content = tomllib.loads(EQUIVALENTS.read_text())
    return {
        (one["where"], one["before"], one["after"]): one["why"] for one in content["equivalent"]
    }


def read_faults() -> list[Fault]:
    """Return all faults of the last `mutmut run`."""
    equivalents = read_equivalents()
    faults = []
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        for key, code in data.exit_code_by_key.items():
            status = status_by_exit_code[code]
            results = {"not checked": "not run", "caught by type check": "types"}
            results |= dict.fromkeys(NOTICED, "tests")
            fault = Fault(key, path, results.get(status, "nothing"))
            if fault.result == "nothing" and (fault.where, *fault.change) in equivalents:
                fault = fault._replace(result="equivalent")
            faults.append(fault)
    return faults


def score(results: Counter[str]) -> float:
    """Return the percentage of faults noticed, of those that were run and could be."""
    noticed = results["types"] + results["tests"]
    counted = noticed + results["nothing"]
    return 100 * noticed / counted if counted else 100.0


def table(faults: Sequence[Fault]) -> Iterator[str]:
    """Yield the lines of a Markdown table: a row for each module, folder and all.

    The percentage is that of the faults noticed by tests, of those that mypy does not see.
    """
    columns = ("types", "not run", "tests", "nothing", "equivalent")
    yield "| Module | faults | seen by mypy | not run | noticed | unnoticed | equivalent | |"
    yield "|---|---|---|---|---|---|---|---|"
    rows: dict[str, Counter[str]] = {}
    for fault in faults:
        for row in ("all", f"{fault.path.parts[0]}/", str(fault.path)):
            rows.setdefault(row, Counter())[fault.result] += 1
    for row in sorted(rows, key=lambda name: (name != "all", name)):
        numbers = [rows[row].total(), *(rows[row][column] for column in columns)]
        by_tests = score(rows[row] - Counter(types=rows[row]["types"]))
        yield f"| {row} | {' | '.join(f'{one:,}' for one in numbers)} | {by_tests:.1f} % |"


def changed_lines(revision: str) -> dict[Path, set[int]]:
    """Return the numbers of the lines of each file that are new since a Git revision."""
    command = ["git", "diff", "--unified=0", "--no-color", revision, "--", "*.py"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines: dict[Path, set[int]] = {}
    for line in printed.splitlines():
        if line.startswith("+++ b/"):
            path = Path(line.removeprefix("+++ b/"))
        elif hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            start, count = int(hunk[1]), int(hunk[2] or 1)
            lines.setdefault(path, set()).update(range(start, start + count))
    return lines


def run_on_changes(revision: str) -> int:
    """Run mutmut on the functions changed since a revision; return the exit code.

    Only faults on changed lines count.
    """
    changed = changed_lines(revision)
    patterns = [
        function.pattern
        for path in walk_mutatable_files()
        for function in functions(path).values()
        if changed.get(path, set()).intersection(function.lines)
    ]
    if not patterns:
        print(f"no function of {', '.join(map(str, config().source_paths))} was changed")
        return 0
    subprocess.run(["mutmut", "run", *patterns], check=True)
    touched = [fault for fault in read_faults() if fault.line in changed.get(fault.path, ())]
    print_unnoticed(touched)
    print("\n".join(table(touched)))
    return int(score(Counter(fault.result for fault in touched)) < LEAST)


def print_unnoticed(faults: Sequence[Fault]) -> None:
    """Print each fault that nothing notices: where it is, and the lines before and after."""
    for fault in faults:
        if fault.result == "nothing":
            before, after = fault.change
            print(f"{fault.path}:{fault.line}: {fault.where} [{fault.key}]")
            print(f"    - {before}\n    + {after}".replace("\n", "\n    "))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="only modules whose path begins so")
    parser.add_argument("--unnoticed", action="store_true", help="print what nothing notices")
    parser.add_argument("--since", metavar="REVISION", help="run on the lines changed since then")
    options = parser.parse_args()
    if options.since:
        return run_on_changes(options.since)
    faults = [
        fault
        for fault in read_faults()
        if not options.names or str(fault.path).startswith(tuple(options.names))
    ]
    if options.unnoticed:
        print_unnoticed(faults)
    else:
        print("\n".join(table(faults)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
