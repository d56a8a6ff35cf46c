"""Read a string of digits from a network trained with CTC, whose output runs along the columns.

Connectionist temporal classification (Graves et al., 2006): each column says a digit or the blank.
A string is what remains when runs of the same class are merged and blanks dropped, so its
probability is a sum over all columns' choices that come down to it. Columns are (T, 11) float,
each the probabilities of the ten digits and, last, of the blank.
"""

from collections import defaultdict

import numpy as np

from pictures.arrays import Levels

BLANK = 10
BEAM = 8  # strings that are followed at a time
MIN_PROBABILITY = 1e-3  # of a digit in a column, for a string to go on with it
SURE_BLANK = 0.9999  # of a column; of several such in a row one is as good as all


def without_sure_blanks(columns: Levels) -> Levels:
    """Leave out blank columns that follow blank ones: much is saved and nothing changes."""
    sure = columns[:, BLANK] > SURE_BLANK
    keep = np.ones(len(columns), np.bool_)
    keep[1:] = ~(sure[1:] & sure[:-1])
    return columns[keep]


def best_string(columns: Levels) -> tuple[int, ...]:
    """Return the most probable digits, by prefix beam search; () if that is none."""
    # For each string the probabilities of ending in the blank and in its last digit.
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for column in without_sure_blanks(columns).astype(np.float64):
        digits = np.flatnonzero(column[:BLANK] > MIN_PROBABILITY).tolist()
        ends: dict[tuple[int, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for string, (in_blank, in_digit) in beams.items():
            ends[string][0] += (in_blank + in_digit) * column[BLANK]
            if string:
                ends[string][1] += in_digit * column[string[-1]]
            for digit in digits:
                is_repeated = bool(string) and string[-1] == digit
                before = in_blank if is_repeated else in_blank + in_digit
                ends[*string, digit][1] += before * column[digit]
        best = sorted(ends.items(), key=lambda item: -sum(item[1]))[:BEAM]
        beams = {string: (parts[0], parts[1]) for string, parts in best}
    return max(beams, key=lambda string: sum(beams[string]))


def string_probabilities(columns: Levels, strings: Levels) -> Levels:
    """Return the probability (K,) of each of the strings (K, L), L at least 1."""
    columns = without_sure_blanks(columns).astype(np.float64)
    count, length = strings.shape
    states = np.full((count, 2 * length + 1), BLANK)
    states[:, 1::2] = strings
    can_skip = np.zeros(states.shape)  # the blank between two different digits
    can_skip[:, 3::2] = strings[:, 1:] != strings[:, :-1]
    emitted = columns[:, states]  # (T, K, 2 L + 1)
    reached = np.zeros((count, 2 * length + 3))  # two columns in front, always 0
    reached[:, 2:4] = emitted[0, :, :2]
    for column in emitted[1:]:
        moved = reached[:, 2:] + reached[:, 1:-1] + can_skip * reached[:, :-2]
        reached[:, 2:] = moved * column
    return np.asarray(reached[:, -1] + reached[:, -2])


def digit_probabilities(columns: Levels, string: tuple[int, ...]) -> tuple[Levels, float]:
    """Return the probabilities (L, 10) of each digit, the others given, and that of the string."""
    length = len(string)
    variants = np.tile(np.array(string), (length, 10, 1))
    for place in range(length):
        variants[place, :, place] = np.arange(10)
    found = string_probabilities(columns, variants.reshape(-1, length)).reshape(length, 10)
    return found / found.sum(axis=1, keepdims=True), float(found[0, string[0]])


def places(columns: Levels, string: tuple[int, ...]) -> Levels:
    """Return where along the columns each digit of the string is (L,), by the best alignment."""
    states = np.full(2 * len(string) + 1, BLANK)
    states[1::2] = string
    with np.errstate(divide="ignore"):
        costs = -np.log(columns[:, states].astype(np.float64))  # (T, 2 L + 1)
    skip_cost = np.full(len(states), np.inf)
    skip_cost[3::2] = np.where(np.diff(string) != 0, 0, np.inf)
    total = np.full(len(states), np.inf)
    total[:2] = costs[0, :2]
    steps = np.zeros(costs.shape, np.intp)
    for t in range(1, len(columns)):
        stay, move = total, np.r_[np.inf, total[:-1]]
        skip = np.r_[np.inf, np.inf, total[:-2]] + skip_cost
        options = np.stack([stay, move, skip])
        steps[t] = options.argmin(axis=0)
        total = options.min(axis=0) + costs[t]
    state = len(states) - 1 if total[-1] < total[-2] else len(states) - 2
    path = np.empty(len(columns), np.intp)
    for t in range(len(columns) - 1, -1, -1):
        path[t] = state
        state -= steps[t, state]
    centres = np.arange(len(columns)) + 0.5
    weights = columns[np.arange(len(columns)), states[path]]
    inside = [path == 2 * place + 1 for place in range(len(string))]
    return np.array([centres[own] @ weights[own] / weights[own].sum() for own in inside])
