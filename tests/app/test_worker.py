"""What a process that reads pictures does with its tasks, in this process."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app import worker
from app.class_reader import ClassReader
from app.classes import DIGITS, Classes
from app.models import CHARACTERS, ROWS
from app.reader import Reader
from app.tasks import recognise_picture
from app.worker import PATIENT, QUICK, Limits, content, prepare, run
from pictures.files import MoreNeededError, PictureError, TooLargeError
from tests.app.conftest import drawn, encoded
from tests.conftest import PROJECT

MIB = 1 << 20
linux = pytest.mark.skipif(sys.platform != "linux", reason="the system has no limit of memory")


@pytest.fixture(autouse=True)
def contents(model: Path) -> Iterator[list[bytes]]:
    """Prepare this process to read digits, and give what is in the files of its networks."""
    contents = [path.read_bytes() for path in (model, PROJECT / CHARACTERS, PROJECT / ROWS)]
    threads = cv2.getNumThreads()
    prepared(contents)
    yield contents
    worker._reader.cache_clear()
    cv2.setNumThreads(threads)


def prepared(models: list[bytes], classes: Classes = DIGITS, limits: Limits = QUICK) -> None:
    """Make this process a new one."""
    worker._reader.cache_clear()
    prepare(models, classes, limits)


def raising(error: BaseException) -> Callable[[Reader], None]:
    """Return a task that raises an error."""

    def task(_: Reader) -> None:
        raise error

    return task


def allocate(_: Reader, size: int) -> None:
    np.empty(size, np.uint8)


def enlarge(_: Reader, side: int) -> None:
    cv2.resize(np.zeros((1, 1), np.uint8), (side, side))


def limit_of_memory(_: Reader) -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0]


def test_a_task_gets_the_reader_and_its_arguments() -> None:
    """A reader is made once for a process, and works in one thread: others do the rest."""
    cv2.setNumThreads(2)
    reader, *rest = run(lambda *arguments: arguments, "a", 2)
    assert isinstance(reader, Reader)
    assert rest == ["a", 2]
    assert run(lambda again: again is reader)
    assert cv2.getNumThreads() == 1


def test_other_classes_have_their_own_reader(contents: list[bytes]) -> None:
    """With names of its own, the model of the digits says them."""
    prepared(contents[:1], tuple("abcdefghij"))
    reader = run(lambda reader: reader)
    assert isinstance(reader, ClassReader)
    digit = drawn(3, ink="white", paper="black").resize((28, 28))
    assert run(recognise_picture, encoded(digit))["text"] == "d"


@pytest.mark.parametrize(("networks", "classes"), [(3, DIGITS), (1, tuple("abcdefghij"))])
def test_a_picture_may_take_as_much_memory_as_the_limits_say(
    contents: list[bytes], networks: int, classes: Classes
) -> None:
    """A picture for which they are too tight is left to a process with wider ones."""
    for memory, is_read in ((10_000, False), (1_000_000, True)):
        prepared(contents[:networks], classes, QUICK._replace(memory=memory))
        answer = run(recognise_picture, encoded(drawn(4)))
        assert isinstance(answer, dict if is_read else MoreNeededError)


@pytest.mark.parametrize("error", [PictureError("damaged"), TooLargeError("too many pixels")])
def test_an_error_of_the_picture_is_given_back(error: PictureError) -> None:
    """It has the same kind and words, but no traceback, which would hold the picture's memory."""
    answer = run(raising(error))
    assert (type(answer), str(answer)) == (type(error), str(error))
    assert answer.__traceback__ is None


@pytest.mark.parametrize("error", [BaseException("a panic"), SystemExit(1)])
def test_a_panic_is_an_error_of_the_picture(error: BaseException) -> None:
    """What a library in Rust raises cannot be sent, so it is named."""
    answer = run(raising(error))
    assert (type(answer), str(answer)) == (PictureError, f"damaged: {type(error).__name__}")


def test_an_error_of_the_program_is_raised() -> None:
    """It is none of the picture's; one of OpenCV's, which cannot be sent, is put in words."""
    with pytest.raises(KeyError, match="a mistake"):
        run(raising(KeyError("a mistake")))
    with pytest.raises(RuntimeError, match=r"OpenCV.*resize.*!ssize\.empty\(\)") as caught:
        run(lambda _: cv2.resize(np.zeros((0, 0), np.uint8), (1, 1)))
    assert caught.value.__suppress_context__


def test_too_little_memory_asks_for_more() -> None:
    """Python and OpenCV say each in its own way that there is no memory."""
    out_of_memory = cv2.error("too much")
    out_of_memory.code = cv2.Error.StsNoMem
    for error in (MemoryError(), out_of_memory):
        answer = run(raising(error))
        assert (type(answer), str(answer)) == (MoreNeededError, "more memory")


@linux
def test_a_task_gets_as_much_memory_as_the_limits_say() -> None:
    """What a decoder may take comes to what the process has; later tasks get as much again."""
    for _ in range(2):
        assert run(allocate, 40 * MIB) is None
        assert isinstance(run(allocate, 200 * MIB), MoreNeededError)
        assert isinstance(run(enlarge, 20_000), MoreNeededError)


@linux
@pytest.mark.parametrize(("limits", "most"), [(QUICK, 80 * MIB), (PATIENT, 256 * MIB)])
def test_the_limit_of_memory_ends_with_the_task(
    contents: list[bytes], limits: Limits, most: int
) -> None:
    """The task may take the limits' bytes and what the process needs beside; then all is as it was.

    For a picture 32 or 208 MiB, and 48 MiB for the rest. The limit is above what the process has
    at its beginning, which changes by little meanwhile.
    """
    prepared(contents, limits=limits)
    import resource

    run(limit_of_memory)  # makes the reader
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = run(limit_of_memory)
    assert limit - used == pytest.approx(most, abs=4 * MIB)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    run(raising(MemoryError()))
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@linux
def test_the_limit_of_memory_is_no_higher_than_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `ulimit -Hv` allows less, the task gets that, as nobody may ask for more."""
    import resource

    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (900, 1000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    run(raising(MemoryError()))
    assert asked == [(1000, 1000), (900, 1000)]


def test_where_the_system_knows_no_limit_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task is run all the same."""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert run(allocate, 200 * MIB) is None


@pytest.mark.parametrize(("damaged", "index"), [(0, None), (1, 1), (2, 2)])
def test_a_damaged_network_is_told_by_its_place(
    contents: list[bytes], damaged: int, index: int | None
) -> None:
    """Of the two networks beside the model the error has the place, to name the file by."""
    contents[damaged] = b"no network"
    prepared(contents)
    with pytest.raises(ValueError) as error:  # noqa: PT011 - that of the runtime
        run(len)
    assert (error.value.args == (index,)) == (index is not None)


def test_an_open_file_is_read_whole_from_anywhere(tmp_path: Path) -> None:
    """Wherever the position is, it stays, as all processes have it in common."""
    (tmp_path / "file").write_bytes(b"0123456789")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    os.lseek(descriptor, 4, os.SEEK_SET)
    sent = Sent(descriptor)
    assert content(sent) == content(sent) == b"0123456789"
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 4
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(sent.own)


class Sent:
    """A descriptor as another process receives it: its own copy."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.own = -1

    def detach(self) -> Any:
        self.own = os.dup(self._descriptor)
        return self.own
