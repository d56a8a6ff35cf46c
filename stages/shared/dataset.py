"""The data set that the pipeline runs on: its name and the names of its classes.

download writes both to data/raw/dataset.json, and preprocess to data/processed/dataset.json beside
the arrays. A label is the place of its class among the names, from 0.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field

from stages.shared.cli import one_line
from stages.shared.files import damaged, read_json, write_json
from stages.shared.params import Section

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("mnist", "digits", "fashion-mnist", "kmnist", "emnist-letters")
DATASET_FILE = "dataset.json"
DIGITS = tuple("0123456789")
MAX_CLASSES = 256  # a label is a byte
# How pandas reads metrics/predictions.csv: a name stays a text, also if it is 007 or NA.
NAMES_AS_TEXT: dict[str, Any] = {
    "dtype": dict.fromkeys(("label", "predicted", "runner_up"), str),
    "keep_default_na": False,
}


class DataSet(NamedTuple):
    """The name of a data set and those of its classes."""

    name: str
    classes: tuple[str, ...]

    @property
    def noun(self) -> str:
        """What an image shows, in words: a digit or a class."""
        return "digit" if set(self.classes) <= set(DIGITS) else "class"


def write_dataset(path: Path, dataset: DataSet) -> None:
    """Write {"name": "mnist", "classes": ["0", …]} as JSON."""
    write_json(path, {"name": dataset.name, "classes": list(dataset.classes)})


def read_dataset(path: Path) -> DataSet:
    """Read the file of `write_dataset`.

    Raises `StageError` if it holds anything else.
    """
    content = read_json(path)
    keys = list(content) if isinstance(content, dict) else type(content).__name__
    if keys != ["name", "classes"]:
        raise damaged(path, f"{keys}", "the keys name and classes")
    name, classes = content["name"], content["classes"]
    if not (isinstance(name, str) and name):
        raise damaged(path, f"the name {name!r}", "a text")
    if not (isinstance(classes, list) and all(isinstance(one, str) and one for one in classes)):
        raise damaged(path, "classes that are no list of texts", "a name for each class")
    if not 2 <= len(set(classes)) == len(classes) <= MAX_CLASSES:
        raise damaged(path, f"{len(set(classes))} names for {len(classes)} classes", "2 to 256")
    return DataSet(name, tuple(classes))


def read_predictions(path: Path) -> "pd.DataFrame":
    """Read the columns of metrics/predictions.csv, with the classes as texts.

    Raises `StageError` if it is not CSV.
    """
    import pandas as pd  # here, because its import takes 0.3 s and few callers need it

    try:
        table: pd.DataFrame = pd.read_csv(path, **NAMES_AS_TEXT)
    except ValueError as error:
        raise damaged(path, one_line(error), "CSV") from error
    return table


def is_folder(dataset: str) -> bool:
    """Tell whether `download.dataset` means a folder: "data/my-set", ".", or an existing one."""
    return "/" in dataset or dataset.startswith(".") or (dataset != "" and Path(dataset).is_dir())


def name_of(dataset: str) -> str:
    """Return the name of the set that `download.dataset` means; a folder's is its last part."""
    return dataset if dataset in NAMES else Path(dataset).resolve().name


def _known(dataset: Any) -> Any:
    if dataset not in NAMES and not is_folder(dataset):
        raise ValueError
    return dataset


class Download(Section):
    """The section `download` of params.yaml, for all stages that name the data set."""

    dataset: Annotated[
        str,
        AfterValidator(_known),
        Field(description=f"one of {', '.join(NAMES)}, or the path of a folder, such as ./my-set"),
    ]
