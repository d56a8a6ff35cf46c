from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

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
    assert best_string(columns_of(BLANK, 1, BLANK, 1, sure=1.0)) == (1, 1)
    assert best_string(columns_of(BLANK, BLANK)) == ()


def test_the_best_string_is_not_the_best_path() -> None:
    """Of two columns, each 60 % blank and 40 % one, both blank has 36 %, the string 1 has 64 %."""
    columns = np.zeros((2, 11))
    columns[:, BLANK], columns[:, 1] = 0.6, 0.4
    assert best_string(columns) == (1,)
    assert string_probabilities(columns, np.array([[1]])) == pytest.approx([0.64])


def test_many_small_chances_of_a_digit_are_one() -> None:
    """In 250 columns a one with 0.005 is seen once with about 0.36, and never with 0.29."""
    columns = np.zeros((250, 11))
    columns[:, BLANK], columns[:, 1] = 0.995, 0.005
    assert best_string(columns) == (1,)
    assert string_probabilities(columns[:2], np.array([[1]])) == pytest.approx([1 - 0.995**2])


def probabilities_of(columns: Levels) -> dict[tuple[int, ...], float]:
    """Return the probability of each string, summed over all paths of 0, 1 and the blank."""
    sums: dict[tuple[int, ...], float] = {}
    for path in product([0, 1, BLANK], repeat=len(columns)):
        string = collapsed(path)
        probability = float(np.prod(columns[np.arange(len(columns)), path]))
        sums[string] = sums.get(string, 0) + probability
    return sums


@st.composite
def three_classes(draw: st.DrawFn, longest: int) -> Levels:
    """Give columns (T, 11) in which 0, 1 and the blank have probabilities of 0.04 or more."""
    weights = draw(arrays(np.int64, (draw(st.integers(1, longest)), 3), elements=st.integers(1, 9)))
    columns = np.zeros((len(weights), 11))
    columns[:, [0, 1, BLANK]] = weights / weights.sum(axis=1, keepdims=True)
    return columns


@given(columns=three_classes(longest=5))
def test_a_strings_probability_is_the_sum_over_all_paths(columns: Levels) -> None:
    """The sum over each of up to 3^5 paths of three classes gives the same probability."""
    for string, expected in probabilities_of(columns).items():
        if string:
            assert string_probabilities(columns, np.array([string])) == pytest.approx([expected])


@given(columns=three_classes(longest=3))
def test_no_string_is_more_probable_than_the_best(columns: Levels) -> None:
    """Of three columns no more strings come than are followed, so the search misses none."""
    sums = probabilities_of(columns)
    assert sums[best_string(columns)] == pytest.approx(max(sums.values()))


@given(columns=three_classes(longest=5))
def test_digits_are_where_the_most_probable_path_has_them(columns: Levels) -> None:
    """A digit's place is the mean of its columns there, weighed by its probability in them."""
    string, across = best_string(columns), np.arange(len(columns))
    every = product([0, 1, BLANK], repeat=len(columns))
    paths = [path for path in every if collapsed(path) == string]
    likely = sorted(paths, key=lambda path: -np.prod(columns[across, path]))
    chances = [np.prod(columns[across, path]) for path in likely[:2]]
    assume(string and chances[0] > 1.001 * sum(chances[1:]))
    runs = [[*run] for value, run in groupby(across, lambda t: likely[0][t]) if value != BLANK]
    expected = [
        np.average(np.array(run) + 0.5, weights=columns[run, likely[0][run[0]]]) for run in runs
    ]
    assert places(columns, string) == pytest.approx(expected)


@given(columns=three_classes(longest=4), place=st.integers(0, 4), count=st.integers(1, 30))
@example(columns=columns_of(1, 1), place=1, count=2)
def test_many_sure_blanks_are_as_one(columns: Levels, place: int, count: int) -> None:
    """A wide gap between digits changes no probability, and still parts a digit from its like."""
    place = min(place, len(columns))
    blanks = np.eye(11)[[BLANK] * count]
    many = np.insert(columns, place, blanks, axis=0)
    sums = probabilities_of(np.insert(columns, place, blanks[:1], axis=0))
    for string in [(0, 1), (1, 1), (1, 0), (0,)]:
        expected = sums.get(string, 0)
        assert string_probabilities(many, np.array([string])) == pytest.approx([expected])


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
    assert places(columns_of(3, 1, 4, sure=1.0), (3, 1, 4)) == pytest.approx([0.5, 1.5, 2.5])


def test_a_column_that_is_half_blank_counts_half() -> None:
    """A digit in a whole and half a column is at (1 * 0.5 + 0.5 * 1.5) / 1.5."""
    columns = columns_of(3, BLANK, sure=1.0)
    columns[1, [3, BLANK]] = 0.5
    assert places(columns, (3,)) == pytest.approx([1.25 / 1.5])
