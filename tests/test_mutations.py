import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.mutations import changed_lines, functions, read_equivalents, score


def test_what_nobody_could_notice_is_in_the_code() -> None:
    """A listed fault names a function and lines that are still there, and says why it is one."""
    for (where, before, _), why in read_equivalents().items():
        parts = where.split(".")
        paths = (Path(*parts[:end]).with_suffix(".py") for end in range(len(parts), 0, -1))
        path = next((one for one in paths if one.is_file()), None)
        assert path, where
        lines = path.read_text().splitlines()
        body = [lines[number - 1].strip() for number in functions(path)[where].lines]
        assert set(before.split("\n")) <= set(body), where
        assert why, where


def test_the_lines_changed_since_a_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that were added or changed count, by their new numbers; deleted ones do not."""
    monkeypatch.chdir(tmp_path)
    code = tmp_path / "code.py"
    code.write_text("a\nb\nc\nd\n")
    commit = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-qmstart"]
    for command in (["init", "-q"], ["add", "code.py"], commit):
        subprocess.run(["git", *command], check=True)
    code.write_text("a\nB\nd\nnew\nnewer\n")
    assert changed_lines("HEAD") == {Path("code.py"): {2, 4, 5}}


def test_functions_are_found_with_their_decorators(tmp_path: Path) -> None:
    """Methods have their class in the name, and a changed decorator changes its function."""
    code = tmp_path / "code.py"
    code.write_text(
        "def f():\n    pass\n\nclass A:\n    @property\n    def g(self):\n        pass\n"
    )
    found = functions(code)
    assert [(name.rpartition("code.")[2], one.lines) for name, one in found.items()] == [
        ("f", range(1, 3)),
        ("A.g", range(5, 8)),
    ]
    assert [one.pattern.rpartition("code.")[2] for one in found.values()] == [
        "x_f__mutmut_*",
        "xǁAǁg__mutmut_*",
    ]


def test_the_score_leaves_out_what_was_not_run_or_cannot_be_noticed() -> None:
    """Nine of ten noticed are 90 %, whatever else there is; of none, none is unnoticed."""
    noticed = {"types": 4, "tests": 5, "nothing": 1}
    assert score(Counter(noticed | {"equivalent": 7, "not run": 100})) == 90
    assert score(Counter({"equivalent": 7})) == 100
