"""The runs of the project: what each answered, and groups of runs that differ in the seed alone."""

import io
import sys
from typing import Any, NamedTuple

import pandas as pd
from numpy.typing import NDArray

from experiments.configuration import (
    DATASET,
    LOCK,
    PARAMS,
    SEED,
    Configuration,
    digest,
    flat,
    read_configuration,
)
from experiments.sources import Source, experiments
from stages.shared.cli import StageError, one_line
from stages.shared.dataset import NAMES_AS_TEXT

PREDICTIONS, HISTORY = "metrics/predictions.csv", "plots/history.csv"
COLUMNS = ("index", "label", "predicted", "confidence")


class Run(NamedTuple):
    """A finished run and its answers."""

    source: Source
    configuration: Configuration
    labels: NDArray[Any]  # (N,), names of classes
    predicted: NDArray[Any]  # (N,), names of classes

    @property
    def seed(self) -> int:
        return int(self.configuration.params[SEED])

    @property
    def errors(self) -> int:
        return int((self.labels != self.predicted).sum())


def read_group(source: Source) -> list[Run]:
    """Read a run, and those on its baseline that differ from it in the seed alone, by their seeds.

    A run that cannot be read is left out, with a line on stderr. Two runs with a network in common
    are not two draws: only the first one counts.
    """
    group = [read_run(source)]
    baseline = Source(source.baseline[:10], source.baseline, source.baseline)
    for other in (baseline, *experiments()):
        configuration = read_configuration(other) if other.baseline == source.baseline else None
        if (
            configuration
            and configuration.equals(group[0].configuration)
            and not any(configuration.shares_a_network(run.configuration) for run in group)
        ):
            try:
                group.append(read_run(other))
            except StageError as error:
                print(f"left out: {error}", file=sys.stderr)
    return sorted(group, key=lambda run: run.seed)


def read_run(source: Source) -> Run:
    """Read a run's configuration and predictions.

    Raises `StageError` if there is no finished run, or if its files are not those of its dvc.lock.
    """
    configuration = read_configuration(source)
    if configuration is None:
        raise source.stale(f"no finished run in {LOCK}", "one with predictions")
    if not source.commit:
        _check_params(source, configuration)
    table = read_table(source, configuration, PREDICTIONS, **NAMES_AS_TEXT)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise source.stale(f"{PREDICTIONS} without {missing[0]}", f"columns {', '.join(COLUMNS)}")
    if list(table["index"]) != list(range(len(table))):
        raise source.stale(f"{PREDICTIONS} in another order", "the index 0, 1, 2, …")
    for name in ("label", "predicted"):
        if not table[name].str.strip().all():
            raise source.stale(f"{PREDICTIONS} with an empty {name}", "names of classes")
    return Run(
        source, configuration, table["label"].to_numpy(str), table["predicted"].to_numpy(str)
    )


def read_table(
    source: Source, configuration: Configuration, path: str, **options: Any
) -> pd.DataFrame:
    """Read a CSV file of a run; `options` go to pandas.

    Raises `StageError` if it is missing, or not the one that the run wrote.
    """
    content = source.read(path)
    if content is None:
        raise source.stale(f"no {path}", "the one that its run wrote")
    if digest(content) != configuration.outputs.get(path):
        raise source.stale(f"{path} of another run", f"the one in {LOCK}")
    try:
        table: pd.DataFrame = pd.read_csv(io.BytesIO(content), **options)
    except ValueError as error:
        raise source.stale(f"{path} with {one_line(error)}", "CSV") from error
    return table


def check_same_test_set(runs: list[Run]) -> None:
    """Raise `StageError` if the runs were not scored on the same test images."""
    first = runs[0]
    for run in runs[1:]:
        ours, theirs = (f"{found.configuration.params[DATASET]}" for found in (first, run))
        if ours == theirs and len(first.labels) != len(run.labels):
            ours, theirs = (f"{len(found.labels):,} test images" for found in (first, run))
        elif ours == theirs:
            ours, theirs = f"one test split of {ours}", "another"
        if len(first.labels) != len(run.labels) or (first.labels != run.labels).any():
            raise StageError(
                f"{first.source.name} and {run.source.name}: found {ours} and {theirs}, expected "
                "the same test images in the same order; type two runs with equal parameters of "
                "download and preprocess"
            )


def _check_params(source: Source, configuration: Configuration) -> None:
    """Refuse a workspace whose params.yaml was edited after its run."""
    sections = {name.partition(".")[0] for name in configuration.params}
    content = source.read_yaml(PARAMS) or {}
    written = flat({name: content[name] for name in sections if name in content})
    for name in sorted({*written, *configuration.params}):
        ours, theirs = (
            f"{name}: {values[name]}" if name in values else f"no {name}"
            for values in (written, configuration.params)
        )
        if ours != theirs:
            raise source.stale(f"{ours} in {PARAMS}", f"{theirs} as in {LOCK}")
