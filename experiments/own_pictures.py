"""Compare runs by the answers to a person's own test pictures instead of those to the test set."""

from functools import reduce

import pandas as pd

from experiments.finding import Finding, compare_runs
from experiments.runs import Run, read_table
from stages.shared.cli import StageError
from stages.shared.dataset import NAMES_AS_TEXT

OWN_PREDICTIONS = "metrics/own_predictions.csv"


def on_own_pictures(finding: Finding) -> Finding:
    """Return the comparison on the own pictures that all runs have scored, by their SHA-256.

    Raises `StageError` if there is none.
    """
    tables = {id(run): _answers(run) for group in finding.groups for run in group}
    common = reduce(pd.Index.intersection, (table.index for table in tables.values())).sort_values()
    if common.empty:
        scored = " and ".join(
            f"{len(_answers(group[0]))} of {name}"
            for name, group in zip(finding.names, finding.groups, strict=True)
        )
        raise StageError(
            f"found no own test picture that both runs have scored ({scored}), expected some; "
            "commit the run with the pictures in data/own, type `dvc exp run -S train.own_share=0` "
            "for one that does not learn them, and compare it with HEAD"
        )
    a, b = (
        [
            run._replace(
                labels=tables[id(run)].loc[common, "label"].to_numpy(str),
                predicted=tables[id(run)].loc[common, "predicted"].to_numpy(str),
            )
            for run in group
        ]
        for group in finding.groups
    )
    return compare_runs(finding.names, a, b)


def _answers(run: Run) -> pd.DataFrame:
    """Return the columns label and predicted of a run's own test pictures, by their SHA-256."""
    table = read_table(run.source, run.configuration, OWN_PREDICTIONS, **NAMES_AS_TEXT)
    return table.set_index("sha256")[["label", "predicted"]]
