import json
from pathlib import Path

import pytest

from stages.shared.cli import StageError
from stages.shared.dataset import (
    DIGITS,
    DataSet,
    is_folder,
    name_of,
    read_dataset,
    read_predictions,
    write_dataset,
)


def test_names_round_trip(tmp_path: Path) -> None:
    """The file has the two keys; any names come back, also those that look like numbers."""
    path = tmp_path / "dataset.json"
    dataset = DataSet("clothes", ("007", "NA", "T-shirt/top", "stövel"))
    write_dataset(path, dataset)
    assert read_dataset(path) == dataset
    assert list(json.loads(path.read_text())) == ["name", "classes"]
    assert (dataset.noun, DataSet("mnist", DIGITS).noun) == ("class", "digit")


@pytest.mark.parametrize("count", [2, 256])
def test_a_label_is_a_byte(tmp_path: Path, count: int) -> None:
    """From two classes on, as many are allowed as a byte can tell apart."""
    dataset = DataSet("many", tuple(f"class {number}" for number in range(count)))
    write_dataset(tmp_path / "dataset.json", dataset)
    assert read_dataset(tmp_path / "dataset.json") == dataset


KEYS = "expected the keys name and classes"
NO_TEXTS = "found classes that are no list of texts, expected a name for each class"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "found Expecting value: line 1 column 1 (char 0), expected JSON"),
        ("[]", f"found list, {KEYS}"),
        ('{"classes": ["a", "b"]}', f"found ['classes'], {KEYS}"),
        ('{"classes": ["a", "b"], "name": "x"}', f"found ['classes', 'name'], {KEYS}"),
        ('{"name": "", "classes": ["a", "b"]}', "found the name '', expected a text"),
        ('{"name": 7, "classes": ["a", "b"]}', "found the name 7, expected a text"),
        ('{"name": "x", "classes": "ab"}', NO_TEXTS),
        ('{"name": "x", "classes": [0, 1]}', NO_TEXTS),
        ('{"name": "x", "classes": [1, 2]}', NO_TEXTS),
        ('{"name": "x", "classes": ["", "a"]}', NO_TEXTS),
        ('{"name": "x", "classes": ["a", "a"]}', "found 1 names for 2 classes, expected 2 to 256"),
        ('{"name": "x", "classes": ["a"]}', "found 1 names for 1 classes, expected 2 to 256"),
        (
            json.dumps({"name": "x", "classes": [str(number) for number in range(257)]}),
            "found 257 names for 257 classes, expected 2 to 256",
        ),
    ],
)
def test_refuses_other_names(tmp_path: Path, content: str, message: str) -> None:
    """What write_dataset cannot have written is refused, with what to type."""
    path = tmp_path / "dataset.json"
    path.write_text(content)
    with pytest.raises(StageError) as refused:
        read_dataset(path)
    assert str(refused.value) == f"{path}: {message}; delete the file and type `dvc repro`"


def test_what_means_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slash, a dot in front or an existing folder make a path; its last part is the name."""
    (tmp_path / "shapes").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [is_folder(text) for text in ("shapes", ".x", "./x", "a/b", ".")] == [True] * 5
    assert [is_folder(text) for text in ("cifar", "shape", "")] == [False] * 3
    assert [name_of(text) for text in ("mnist", "a/b/", "shapes")] == ["mnist", "b", "shapes"]
    assert name_of(".") == tmp_path.name
    (tmp_path / "mnist").symlink_to(tmp_path / "shapes")
    assert name_of("mnist") == "mnist"  # also beside a folder of that name


def test_predictions_keep_the_names_of_classes(tmp_path: Path) -> None:
    """Classes that look like numbers or missing values stay the texts they are."""
    path = tmp_path / "predictions.csv"
    path.write_text("index,label,predicted,confidence,runner_up\n0,007,NA,0.5,1e3\n")
    table = read_predictions(path)
    assert table.iloc[0].tolist() == [0, "007", "NA", 0.5, "1e3"]
    path.write_text("")
    with pytest.raises(StageError) as refused:
        read_predictions(path)
    found = "found No columns to parse from file, expected CSV"
    assert str(refused.value) == f"{path}: {found}; delete the file and type `dvc repro`"
