import math

import pandas as pd

from benchmarks.results import COLUMNS, parameter_table, table, typical_seconds
from tests.conftest import TRAIN

ROWS = [
    ("slow", 0, 0.991, 90, 10, 100.4, 90.0, None, None, 4_960_000, 0.5, 1000.0),
    ("slow", 1, 0.993, 70, 10, 102.4, None, None, None, 4_960_000, 0.5, 1100.0),
    ("fast", 0, 0.9901, 99, 1, 7.0, 7.0, None, None, 933_600, 0.206, 900.2),
]
RESULTS = pd.DataFrame(ROWS, columns=COLUMNS)


def test_table_by_hand() -> None:
    """The mean of 99.1 and 99.3 is 99.2 ± 0.141; the median of 90 s and never is never."""
    header, _, slow, fast = table(RESULTS).splitlines()
    assert header.startswith("| recipe | n | test accuracy, % | epochs | fit, s |")
    assert (
        slow
        == "| `slow` | 2 | 99.200 ± 0.141 | 10 | 101 | never | never | never | 4.96 | 50 | 1,050 |"
    )
    assert fast == "| `fast` | 1 | 99.010 | 1 | 7 | 7 | never | never | 0.93 | 21 | 900 |"


def test_a_run_that_never_got_there_is_infinitely_slow() -> None:
    """The typical time is the median; a run that never gets there counts as infinite."""
    assert typical_seconds(pd.Series([8.0, None, 6.0])) == 8
    assert math.isinf(typical_seconds(pd.Series([None, None, 6.0])))


def test_parameters_by_hand() -> None:
    """A row shows the section `train`, with the kept epoch and each augmentation above 0."""
    header, _, row = parameter_table({"slow": TRAIN.model_dump()}).splitlines()
    assert header.endswith("| test_time_shift | early_stopping | augmentation |")
    assert row == (
        "| `slow` | mlp | 1 | 4 | 32 | 0.5 | 0.001 | one-cycle | adam | 1 "
        "| val_loss, patience 10, min_delta 0, keeps the best epoch "
        "| rotation 10, scale 0.1, shear 5, shift 2 |"
    )
