import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app import workers as module
from app.models import COMMITTED
from app.reader import Reader
from app.tasks import check, recognise_picture
from app.worker import PATIENT
from app.workers import ModelError, Workers
from pictures.files import MoreNeededError, PictureError, TooLargeError
from tests.app.conftest import drawn, encoded
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workers(model: Path) -> Workers:
    """Give workers with the model; the patient one has 2 seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PATIENT", PATIENT._replace(seconds=2.0))
        return Workers(model)


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch, workers: Workers) -> Iterator[None]:
    """Let the patient limits be those of the workers while a test runs."""
    monkeypatch.setattr(module, "PATIENT", workers.patient._limits)
    yield
    for lane in (workers.quick, workers.patient):
        lane.submit(check).result()  # they work after each test


def own_id(_: Reader) -> int:
    return os.getpid()


def die(_: Reader) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(_: Reader, seconds: float) -> None:
    time.sleep(seconds)


def allocate(_: Reader, size: int) -> None:
    bytearray(size)


def raise_panic(_: Reader) -> None:
    raise BaseException("as a library in Rust does")


def test_reads_a_picture(workers: Workers) -> None:
    """A picture gives its digits and its size, in both kinds of processes."""
    content = encoded(drawn(4, 2))
    for lane in (workers.quick, workers.patient):
        reading = lane.submit(recognise_picture, content).result()
        assert [digit["digit"] for digit in reading["digits"]] == [4, 2]
        assert (reading["width"], reading["height"]) == (200, 100)


def test_a_slow_task_is_killed(workers: Workers) -> None:
    """A task that takes too long needs more, or is refused by the patient process."""
    with pytest.raises(MoreNeededError):
        workers.quick.submit(sleep, 1000).result()
    with pytest.raises(TooLargeError, match="not read within 2 s; save it smaller"):
        workers.patient.submit(sleep, 1000).result()


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no limit of memory")
def test_a_large_task_gets_no_memory(workers: Workers) -> None:
    """A task that takes too much memory needs more, or is refused by the patient process."""
    workers.quick.submit(allocate, 40 << 20).result()
    with pytest.raises(MoreNeededError):
        workers.quick.submit(allocate, 200 << 20).result()
    workers.patient.submit(allocate, 200 << 20).result()
    with pytest.raises(PictureError, match="takes more memory than its size explains"):
        workers.patient.submit(allocate, 1 << 30).result()


def test_a_crash_is_an_error_of_the_picture(workers: Workers) -> None:
    """A decoder that ends its process gets another try, and then an error."""
    with pytest.raises(MoreNeededError):
        workers.quick.submit(die).result()
    with pytest.raises(PictureError, match="damaged: its decoder broke down"):
        workers.patient.submit(die).result()
    with pytest.raises(PictureError, match="damaged: BaseException"):
        workers.quick.submit(raise_panic).result()


def test_an_idle_process_that_is_killed_is_replaced(workers: Workers) -> None:
    """After somebody killed the idle processes, there are others."""
    process = psutil.Process(workers.patient.submit(own_id).result())
    process.kill()
    process.wait()
    other = process.pid
    while other == process.pid:
        with suppress(PictureError):  # the pool does not know yet
            other = workers.patient.submit(own_id).result()


def test_a_cancelled_task_ends(workers: Workers) -> None:
    """Whoever cancels a task is told so, and its process is free for others."""
    future = workers.patient.submit(sleep, 1000)
    assert future.cancel()
    with pytest.raises(CancelledError):
        future.result()
    assert workers.patient.submit(own_id).result()


def test_a_model_is_read_once(model: Path, tmp_path: Path) -> None:
    """Processes that start after the file was removed use the same model."""
    copy = tmp_path / "model.tflite"
    shutil.copy(model, copy)
    workers = Workers(copy)
    copy.unlink()
    workers.patient.submit(check).result()


def test_a_damaged_network_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the network beside the model, if that is what cannot be used."""
    damaged = tmp_path / "rows.tflite"
    damaged.write_bytes(b"no network")
    monkeypatch.setattr(module, "ROWS", damaged)
    with pytest.raises(ModelError) as error:
        Workers(PROJECT / COMMITTED)
    assert error.value.args[0] == damaged
