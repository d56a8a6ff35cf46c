"""What a server knows of the folder of own pictures when it starts."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from app import teaching
from app.classes import DIGITS
from app.own_folder import name_of
from app.reader import Reader
from app.tasks import recognise_picture
from app.web.recognition import Recognition
from app.web.teach_start import started_teacher
from tests.app.conftest import drawn, encoded
from tests.app.lanes import AtOnce, need_more, repeat

DRAWN = {digit: encoded(drawn(digit)) for digit in (2, 4, 5, 7, 8)}


def put(folder: Path, label: str, content: bytes, age: int) -> None:
    """Put a picture in the folder, of so many seconds ago."""
    file = folder / label / name_of(content, ".png")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (1000 - age, 1000 - age))


def test_the_newest_corrections_are_known_from_the_start(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four pictures the newest three count, of which one is damaged; later ones follow them."""
    monkeypatch.setattr(teaching, "MAX_EXAMPLES", 3)
    put(tmp_path, "3", DRAWN[7], age=3)
    put(tmp_path, "1", DRAWN[4], age=2)
    put(tmp_path, "1", DRAWN[2], age=1)
    put(tmp_path, "5", b"\x89PNG damaged", age=0)

    def read_quickly(task: Any, content: bytes) -> Any:
        return need_more() if content == DRAWN[2] else task(reader, content)

    workers = AtOnce(read_quickly, lambda task, content: task(reader, content)).as_workers()
    teacher = started_teacher(tmp_path, DIGITS, workers, Recognition(workers))

    def text_of(digit: int) -> str:
        return str(teacher.adjusted(recognise_picture(reader, DRAWN[digit]))["text"])

    assert [text_of(digit) for digit in (2, 4, 7)] == ["1", "1", "7"]
    assert asyncio.run(teacher.save(DRAWN[2], "9")).label == "9"  # the picture moves
    asyncio.run(teacher.save(DRAWN[5], "6"))
    assert [text_of(digit) for digit in (2, 4, 5)] == ["9", "1", "6"]
    asyncio.run(teacher.save(DRAWN[8], "0"))  # one too many: the oldest is forgotten
    assert [text_of(digit) for digit in (2, 4, 5, 8)] == ["9", "4", "6", "0"]


def test_pictures_of_other_classes_are_saved_alone(tmp_path: Path) -> None:
    """Only the networks of digits can compare pictures, so none is read and no answer changes."""
    classes = ("cat", "dog")
    put(tmp_path, "cat", DRAWN[7], age=0)
    workers = AtOnce(repeat)
    known = workers.as_workers()
    teacher = started_teacher(tmp_path, classes, known, Recognition(known))
    assert workers.quick.submitted == 0
    answer: dict[str, Any] = {"digits": [{"digit": 1}]}
    assert teacher.adjusted(answer) is answer
    assert (teacher.folder.path, teacher.folder.classes) == (tmp_path, classes)
