"""Which models the workers take, and what becomes of a task, with pools in this process."""

import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import forkserver, reduction, resource_sharer
from pathlib import Path
from typing import Any

import cv2
import pytest
from pebble import ProcessExpired

from app import worker
from app import workers as module
from app.classes import DIGITS, ClassesError
from app.models import CHARACTERS, ROWS
from app.reader import Reader
from app.tasks import check
from app.worker import PATIENT, QUICK, Limits
from app.workers import Lane, ModelError, Workers
from pictures.files import MoreNeededError, PictureError, TooLargeError

LETTERS = tuple("abcdefghij")
Outcome = Callable[[Future[Any]], None]


class PoolHere:
    """Calls each task at once in this process; some tasks have another outcome instead."""

    made: list["PoolHere"]  # all of a test's
    outcomes: dict[Limits, Outcome]

    def __init__(
        self,
        processes: int,
        tasks: int,
        prepare: Callable[..., None],
        settings: tuple[Any, ...],
        context: Any,
    ) -> None:
        self.options = (processes, tasks, context.get_start_method())
        self.is_broken = False
        self.calls: list[str] = []
        self.seconds: list[float] = []
        self.futures: list[Future[Any]] = []
        self._prepare, self._settings = prepare, settings
        PoolHere.made.append(self)

    def schedule(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        seconds: float,
    ) -> Future[Any]:
        if self.is_broken:
            raise RuntimeError("the pool is not active")
        self.seconds.append(seconds)
        future: Future[Any] = Future()
        self.futures.append(future)
        limits = self._settings[2]
        if limits in PoolHere.outcomes:
            PoolHere.outcomes[limits](future)
            return future
        worker._reader.cache_clear()  # as in a new process
        self._prepare(*pickle.loads(reduction.ForkingPickler.dumps(self._settings)))
        try:
            future.set_result(function(*arguments, **keywords))
        except Exception as error:
            future.set_exception(error)
        return future

    def stop(self) -> None:
        self.calls.append("stop")

    def join(self) -> None:
        self.calls.append("join")


@pytest.fixture(autouse=True)
def pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[PoolHere]]:
    """Let all pools be in this process, and give those that were made."""
    threads = cv2.getNumThreads()
    monkeypatch.setattr(PoolHere, "made", [], raising=False)
    monkeypatch.setattr(PoolHere, "outcomes", {}, raising=False)
    monkeypatch.setattr(module, "ProcessPool", PoolHere)
    monkeypatch.setattr(forkserver, "ensure_running", lambda: None)
    monkeypatch.setattr(forkserver, "set_forkserver_preload", lambda _: None)
    yield PoolHere.made
    resource_sharer.stop()
    worker._reader.cache_clear()
    cv2.setNumThreads(threads)


def lane(limits: Limits, outcome: Outcome | None = None) -> Lane:
    """Return a lane whose tasks have an outcome."""
    if outcome:
        PoolHere.outcomes[limits] = outcome
    return Lane([], DIGITS, limits, 1)


def raised(error: BaseException) -> Outcome:
    return lambda future: future.set_exception(error)


def returned(value: object) -> Outcome:
    return lambda future: future.set_result(value)


def test_the_committed_models_are_taken(model: Path, pools: list[PoolHere]) -> None:
    """A task gets a reader of them, in a process with the limits of its lane."""
    workers = Workers(model)
    assert workers.quick.submit(check).result(0) == workers.patient.submit(check).result() == 10
    assert isinstance(workers.patient.submit(lambda reader: reader).result(0), Reader)
    assert [pool.options for pool in pools] == [
        (2, 1000, "forkserver"),
        (1, 10, "forkserver"),
    ]
    assert {*pools[0].seconds} == {QUICK.seconds}
    assert {*pools[1].seconds} == {PATIENT.seconds}


def test_a_model_of_other_classes_needs_no_networks(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of handwriting/ know nothing of letters."""
    monkeypatch.setattr(module, "ROWS", tmp_path / "none")
    workers = Workers(model, LETTERS)
    assert workers.quick.submit(lambda reader: reader.classes).result(0) == LETTERS
    with pytest.raises(ModelError):
        Workers(model)


def test_a_busy_machine_has_more_time_for_the_model(model: Path, pools: list[PoolHere]) -> None:
    """If the model is not loaded within a second, the patient process loads it."""
    PoolHere.outcomes[QUICK] = raised(TimeoutError())
    Workers(model)
    assert [len(pool.futures) for pool in pools] == [1, 1]


def test_a_models_content_stays_as_it_was(model: Path, tmp_path: Path) -> None:
    """Processes that start after the file was removed use the same model."""
    copy = tmp_path / "model.tflite"
    shutil.copy(model, copy)
    workers = Workers(copy)
    copy.unlink()
    assert workers.quick.submit(check).result(0) == 10


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b"no model", "no model that can be loaded")],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_file_that_cannot_be_used_is_named(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: int,
    content: bytes | None,
    reason: str,
) -> None:
    """The error has the path of the model, or of the network beside it, and what is wrong."""
    path = tmp_path / "damaged.tflite"
    if content is not None:
        path.write_bytes(content)
    paths = [model, CHARACTERS, ROWS]
    paths[place] = path
    monkeypatch.setattr(module, "CHARACTERS", paths[1])
    monkeypatch.setattr(module, "ROWS", paths[2])
    with pytest.raises(ModelError) as error:
        Workers(paths[0])
    assert error.value.args == (path, reason)


@pytest.mark.parametrize("error", [RuntimeError("of the runtime"), PictureError("damaged")])
def test_a_model_that_fails_later_cannot_be_used(model: Path, error: Exception) -> None:
    """It can be read, but is not what answers an image."""
    PoolHere.outcomes[QUICK] = raised(error)
    with pytest.raises(ModelError) as caught:
        Workers(model)
    assert caught.value.args == (model, "no model that can be loaded")


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no named pipes in folders")
def test_what_is_no_regular_file_is_no_model(tmp_path: Path) -> None:
    """A folder is named as such, and a pipe that nobody writes to is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ModelError) as error:
            Workers(path)
        assert error.value.args == (path, "not a regular file")


def test_a_model_of_another_number_of_classes_is_refused(model: Path) -> None:
    """The error says how many outputs the model has, and how its classes are named."""
    with pytest.raises(ClassesError) as error:
        Workers(model, tuple("abcd"))
    assert str(error.value) == (
        f"{model}: found 10 outputs, expected 4, one for each class: a, b, c, ...; "
        "name its classes with --classes FILE"
    )


KILLED = ProcessExpired("killed")  # type: ignore[no-untyped-call]
STOPPED = [TimeoutError("too long"), KILLED, BrokenProcessPool("broken")]
MORE, BROKEN = "more memory or time", "damaged: its decoder broke down"
TOO_MUCH = "damaged: takes more memory than its size explains"


@pytest.mark.parametrize(
    ("limits", "outcome", "error"),
    [
        *((QUICK, raised(one), MoreNeededError(MORE)) for one in STOPPED),
        (PATIENT, raised(STOPPED[0]), TooLargeError("not read within 7 s; save it smaller")),
        *((PATIENT, raised(one), PictureError(BROKEN)) for one in STOPPED[1:]),
        (QUICK, returned(MoreNeededError("more memory")), MoreNeededError("more memory")),
        (PATIENT, returned(MoreNeededError("more memory")), PictureError(TOO_MUCH)),
        (QUICK, returned(TooLargeError("too large")), TooLargeError("too large")),
        (PATIENT, returned(TooLargeError("too large")), TooLargeError("too large")),
        (QUICK, raised(KeyError("a mistake")), KeyError("a mistake")),
        (PATIENT, raised(KeyError("a mistake")), KeyError("a mistake")),
        (PATIENT, lambda future: future.cancel(), CancelledError()),
    ],
)
def test_what_becomes_of_a_task(limits: Limits, outcome: Outcome, error: Exception) -> None:
    """A quick process that is stopped needs more; a patient one says what is wrong."""
    with pytest.raises(type(error)) as caught:
        lane(limits, outcome).submit(check).result(0)
    assert (type(caught.value), str(caught.value)) == (type(error), str(error))


def test_a_large_file_is_not_copied_to_a_small_process(pools: list[PoolHere]) -> None:
    """More than a quarter of the memory of a quick process, and the patient one reads it."""
    quick, patient = lane(QUICK, returned(1)), lane(PATIENT, returned(2))
    half = bytes(QUICK.memory // 8)
    assert quick.submit(check, half, "and a name", half).result(0) == 1
    with pytest.raises(MoreNeededError, match=r"\Amore memory\Z"):
        quick.submit(check, half, half, b"1").result(0)
    assert patient.submit(check, half, half, b"1").result(0) == 2
    assert [len(pool.futures) for pool in pools] == [1, 1]


def test_a_pool_that_gave_up_is_replaced(pools: list[PoolHere]) -> None:
    """After its idle processes were killed, the task runs in a new pool with the same limits."""
    patient = lane(PATIENT, returned("read"))
    pools[0].is_broken = True
    assert patient.submit(check).result(0) == "read"
    old, new = pools
    assert old.calls == ["stop", "join"]
    assert (new.options, new.seconds) == (old.options, [PATIENT.seconds])


def test_who_cancels_a_task_stops_it(
    pools: list[PoolHere], caplog: pytest.LogCaptureFixture
) -> None:
    """The process is free for others, and nothing is logged as a mistake."""
    future = lane(PATIENT, lambda _: None).submit(check)
    assert not future.done()
    assert future.cancel()
    assert pools[0].futures[0].cancelled()
    assert caplog.records == []


def test_both_lanes_are_stopped(model: Path, pools: list[PoolHere]) -> None:
    """No process stays behind."""
    Workers(model).stop()
    assert [pool.calls for pool in pools] == [["stop", "join"], ["stop", "join"]]


@pytest.mark.parametrize("fails", [False, True])
def test_processes_start_without_the_users_streams(
    model: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """Decoders print nowhere and read nothing; afterwards the streams are as before."""
    nowhere = Path(os.devnull).stat()
    before = dict(open_files())
    preloaded: list[str] = []

    def start() -> None:
        for descriptor in range(3):
            assert os.path.samestat(os.fstat(descriptor), nowhere)
        assert os.read(0, 1) == b""
        assert os.write(1, b"a") == os.write(2, b"a") == 1
        assert preloaded == ["app.class_reader", "app.montage"]
        if fails:
            raise OSError("no process")

    monkeypatch.setattr(forkserver, "set_forkserver_preload", preloaded.extend)
    monkeypatch.setattr(forkserver, "ensure_running", start)
    if fails:
        with pytest.raises(OSError, match="no process"):
            module._start_forkserver()
    else:
        module._start_forkserver()
    after = dict(open_files())
    assert before.keys() == after.keys() >= {0, 1, 2}
    assert all(os.path.samestat(before[one], after[one]) for one in before)


def open_files() -> Iterator[tuple[int, os.stat_result]]:
    """Yield the descriptors that are open, and what they are of."""
    for descriptor in range(100):
        with suppress(OSError):
            yield descriptor, os.fstat(descriptor)
