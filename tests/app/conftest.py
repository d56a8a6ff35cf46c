"""Shared by the tests of app/: a model, drawings of digits, and the page's server."""

import io
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest
from PIL import Image, ImageDraw

from app.models import COMMITTED
from app.reader import Reader
from benchmarks.server import started_server
from pictures.arrays import UInt8Array
from pictures.decode import decode
from pictures.segment import find_digits
from tests.conftest import PROJECT

# The path of the pen for each digit, in a square of 100 pixels.
STROKES: dict[int, list[list[tuple[int, int]]]] = {
    0: [[(50, 12), (32, 22), (25, 50), (32, 78), (50, 88), (68, 78), (75, 50), (68, 22), (50, 12)]],
    1: [[(52, 12), (50, 50), (48, 88)]],
    2: [[(28, 30), (36, 16), (52, 12), (68, 20), (70, 36), (56, 56), (26, 86), (76, 86)]],
    3: [[(30, 20), (46, 12), (64, 16), (68, 30), (46, 48), (64, 54), (72, 68), (64, 84), (28, 82)]],
    4: [[(44, 12), (26, 56), (76, 56)], [(62, 34), (60, 90)]],
    5: [[(68, 14), (36, 14), (32, 46), (52, 42), (68, 54), (68, 74), (52, 88), (30, 84)]],
    6: [[(60, 12), (42, 28), (32, 54), (34, 78), (50, 88), (66, 80), (68, 64), (54, 54), (36, 62)]],
    7: [[(28, 16), (72, 16), (58, 46), (46, 88)]],
    8: [
        [(64, 24), (50, 13), (36, 24), (42, 40), (60, 56), (66, 74), (50, 88)],
        [(50, 88), (34, 76), (40, 56), (58, 40), (64, 24)],
    ],
    9: [[(66, 30), (50, 14), (34, 26), (38, 44), (54, 46), (66, 30), (64, 60), (58, 88)]],
}


def drawn(*digits: int, pen: int = 8, ink: str = "black", paper: str = "white") -> Image.Image:
    """Draw digits side by side, each in a square of 100 pixels."""
    picture = Image.new("RGB", (100 * len(digits), 100), paper)
    draw = ImageDraw.Draw(picture)
    for index, digit in enumerate(digits):
        for stroke in STROKES[digit]:
            points = [(x + 100 * index, y) for x, y in stroke]
            draw.line(points, ink, pen, joint="curve")
            for x, y in (points[0], points[-1]):
                draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), ink)
    return picture


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return the content of a picture file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def images_in(content: bytes) -> list[UInt8Array]:
    """Return the 28x28 images of the digits in a picture file."""
    return [digit.image for digit in find_digits(decode(content).grey).digits]


@pytest.fixture(scope="session")
def model() -> Path:
    """Give the committed model."""
    return PROJECT / COMMITTED


@pytest.fixture(scope="session")
def reader(model: Path) -> Reader:
    """Give a reader with the model."""
    return Reader(model)


# The classes of a made model: it looks at nothing but the mean level.
NAMES = ("ankle boot", "T-shirt/top", "a sneaker with a rather long name")


class Named(NamedTuple):
    """A model of other classes than the digits, and a file with their names."""

    model: Path
    classes: Path


@pytest.fixture(scope="session")
def named(tmp_path_factory: pytest.TempPathFactory) -> Named:
    """Give a model of three classes: dark, medium and light pictures."""
    import keras

    folder = tmp_path_factory.mktemp("named")
    made = Named(folder / "model.tflite", folder / "dataset.json")
    made.classes.write_text(json.dumps({"name": "made", "classes": NAMES}))
    outputs = keras.layers.Dense(len(NAMES), activation="softmax")
    images = keras.Input((28, 28, 1))
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(images))
    network = keras.Model(images, outputs(mean))
    # The nearest of three levels wins: 60 l m - 30 l^2 is 30 m^2 - 30 (m - l)^2.
    levels = np.array([0, 0.5, 1])
    outputs.set_weights([60 * levels[np.newaxis], -30 * levels**2])
    network.export(made.model, format="litert", verbose=False)
    return made


class Server(NamedTuple):
    """The page's server in its own process."""

    url: str
    process: int
    errors: Path  # a file that receives its stderr


@contextmanager
def serving(model: Path, folder: Path, *options: str) -> Iterator[Server]:
    """Serve the page on a free port of the loopback address; stderr goes to a file in `folder`."""
    errors = folder / "stderr"
    with (
        errors.open("w") as stderr,
        started_server("--model", str(model), *options, stderr=stderr) as (process, port),
    ):
        yield Server(f"http://127.0.0.1:{port}", process.pid, errors)


@pytest.fixture(scope="session")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give the page's server."""
    with serving(model, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def named_server(named: Named, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give the page's server with the model of other classes."""
    folder = tmp_path_factory.mktemp("named-server")
    with serving(named.model, folder, "--classes", str(named.classes)) as server:
        yield server


def memory_of(process: psutil.Process) -> int:
    """Return the bytes of a process and all that it started; shared ones count in each."""
    total = 0
    with suppress(psutil.Error):  # a process has ended
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    return total


class MemoryWatch:
    """Watches the memory of a process and all that it started, while the block runs."""

    def __init__(self, process: int) -> None:
        self._process = psutil.Process(process)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0  # bytes; memory that processes share counts in each

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self.peak = max(self.peak, memory_of(self._process))


def watched(command: list[str]) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run a command in the project; return its result and its peak memory in bytes."""
    with (
        subprocess.Popen(
            command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        MemoryWatch(process.pid) as memory,
    ):
        output, errors = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, output, errors), memory.peak
