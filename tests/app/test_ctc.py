from itertools import product

import numpy as np
import pytest

from app.ctc import BLANK, best_string, digit_probabilities, places, string_probabilities
from pictures.arrays import Levels


def columns_of(*classes: int, sure: float = 0.9) -> Levels:
    """Return columns (T, 11) that say these classes, each with the same probability."""
    columns = np.full((len(classes), 11), (1 - sure) / 10)
    columns[np.arange(len(classes)), classes] = sure
    return columns


def collapsed(path: tuple[int, ...]) -> tuple[int, ...]:
    merged = [now for now, before in zip(path, (None, *path), strict=False) if now != before]
    return tuple(one for one in merged if one != BLANK)


def test_runs_are_merged_and_blanks_dropped() -> None:
    """A digit over several columns is one digit, and the same digit twice needs a blank between."""
    assert best_string(columns_of(BLANK, 3, 3, BLANK, 7)) == (3, 7)
    assert best_string(columns_of(1, BLANK, 1)) == (1, 1)
    assert best_string(columns_of(BLANK, BLANK)) == ()


def test_the_best_string_is_not_the_best_path() -> None:
    """Of two columns, each 60 % blank and 40 % one, both blank has 36 %, the string 1 has 64 %."""
    columns = np.zeros((2, 11))
    columns[:, BLANK], columns[:, 1] = 0.6, 0.4
    assert best_string(columns) == (1,)
    assert string_probabilities(columns, np.array([[1]])) == pytest.approx([0.64])


def test_a_strings_probability_is_the_sum_over_all_paths() -> None:
    """The sum over each of 3^5 paths of three classes gives the same probability."""
    rng = np.random.default_rng(0)
    columns = np.zeros((5, 11))
    columns[:, [0, 1, BLANK]] = rng.dirichlet([1, 1, 1], 5)
    sums: dict[tuple[int, ...], float] = {}
    for path in product([0, 1, BLANK], repeat=5):
        string = collapsed(path)
        sums[string] = sums.get(string, 0) + float(np.prod(columns[np.arange(5), path]))
    for string, expected in sums.items():
        if string:
            assert string_probabilities(columns, np.array([string])) == pytest.approx([expected])
    assert best_string(columns) == max(sums, key=lambda string: sums[string])


def test_a_digits_probabilities_are_those_of_the_strings_with_another_digit() -> None:
    """Of a column that is 1 with 0.6 and 7 with 0.3, the one gets two thirds."""
    columns = columns_of(BLANK, 4, BLANK, 1, sure=1.0)
    columns[3] = 0
    columns[3, [1, 7, BLANK]] = 0.6, 0.3, 0.1
    probabilities, confidence = digit_probabilities(columns, (4, 1))
    assert probabilities[1, [1, 7]] == pytest.approx([2 / 3, 1 / 3])
    assert probabilities[0, 4] == pytest.approx(1)
    assert confidence == pytest.approx(0.6)


def test_the_place_of_a_digit_is_the_middle_of_its_columns() -> None:
    """A digit in the columns 1 and 2 is at 2, one in column 4 at 4.5."""
    assert places(columns_of(BLANK, 3, 3, BLANK, 3), (3, 3)) == pytest.approx([2, 4.5])
