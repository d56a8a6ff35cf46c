import base64
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from PIL import Image, ImageDraw

from app.web import server as module
from app.web.connections import MAX_PER_ADDRESS
from benchmarks.server import started_server
from tests.app.conftest import NAMES, Server, drawn, encoded, memory_of
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


def test_recognises_a_picture(server: Server) -> None:
    """The digits come left to right, each with its box, probabilities and 28x28 image."""
    answer = requests.post(f"{server.url}/read", encoded(drawn(4, 2)), timeout=100).json()
    assert [digit["digit"] for digit in answer["digits"]] == [4, 2]
    left, top, right, bottom = answer["digits"][1]["box"]
    assert 100 < left < right < 200
    assert 0 < top < bottom < 100
    assert sum(answer["digits"][0]["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert answer["digits"][0]["image"].startswith("data:image/png;base64,")
    assert (answer["width"], answer["height"]) == (200, 100)
    assert answer["text"] == "42"
    assert 0.5 < answer["confidence"] <= min(digit["confidence"] for digit in answer["digits"])
    assert all(0 <= digit["none"] < 0.5 for digit in answer["digits"])


def test_the_text_of_a_row_has_its_marks(server: Server) -> None:
    """A comma stands in the text, and is none of the digits."""
    row = drawn(1, 2, 5, 0)
    ImageDraw.Draw(row).line([(200, 80), (194, 98)], "black", 8)
    answer = requests.post(f"{server.url}/read", encoded(row), timeout=100).json()
    assert answer["text"] == "12,50"
    assert [digit["digit"] for digit in answer["digits"]] == [1, 2, 5, 0]


def test_a_letter_is_no_digit(server: Server) -> None:
    """A letter is refused, and what the models say of it is kept."""
    picture = Image.new("RGB", (100, 100), "white")
    for line in ([(70, 12), (30, 12), (30, 88), (70, 88)], [(30, 50), (62, 50)]):
        ImageDraw.Draw(picture).line(line, "black", 8)
    answer = requests.post(f"{server.url}/read", encoded(picture), timeout=100).json()
    assert answer["reason"] == "the writing looks like no digit"
    assert [digit["none"] > 0.5 for digit in answer["digits"]] == [True]


@pytest.mark.parametrize(
    ("digits", "ink", "rows"),
    [((4,), "black", 2), ((4, 2, 7, 3, 8, 6), "black", 3), ((4,), "white", 1)],
)
def test_draws_the_steps(server: Server, digits: tuple[int, ...], ink: str, rows: int) -> None:
    """The steps are a PNG: five panels, and below them five digits a row; or no digit."""
    files = {"picture": encoded(drawn(*digits, ink=ink))}
    answer = requests.post(f"{server.url}/steps", files=files, timeout=100)
    assert answer.headers["Content-Type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (5 * 172, rows * 196)


def as_json_body(content: bytes) -> dict[str, Any]:
    return {"json": {"picture": base64.b64encode(content).decode()}}


@pytest.mark.parametrize(
    "body",
    [
        lambda content: {"data": content, "headers": {"Content-Type": "image/png"}},
        lambda content: {"data": iter([content[:99], content[99:]])},  # in chunks
        lambda content: {"files": {"picture": content}},
        lambda content: {"files": {"picture": ("three.png", content), "other": b""}},
        as_json_body,
    ],
)
def test_takes_a_picture_in_several_forms(
    server: Server, body: Callable[[bytes], dict[str, Any]]
) -> None:
    """The body may be the picture itself, a form or JSON."""
    response = requests.post(f"{server.url}/read", timeout=100, **body(encoded(drawn(3))))
    assert [digit["digit"] for digit in response.json()["digits"]] == [3]


def test_explains_a_digit(server: Server) -> None:
    """The importance of each pixel is given for any digit of an image from /read."""
    answer = requests.post(f"{server.url}/read", encoded(drawn(4)), timeout=100).json()
    question = {"image": answer["digits"][0]["image"], "digit": 4}
    rows = requests.post(f"{server.url}/why", json=question, timeout=100).json()["importance"]
    assert [len(row) for row in rows] == [28] * 28
    assert max(map(max, rows)) > 0.1


def test_names_other_classes(named_server: Server) -> None:
    """A model of other classes names the whole picture, and knows nothing of "none"."""
    url, picture = named_server.url, encoded(Image.new("L", (60, 40), 128))
    answer = requests.post(f"{url}/read", picture, timeout=100).json()
    (digit,) = answer.pop("digits")
    sure = digit["confidence"]
    assert answer == {
        **{"text": "T-shirt/top", "confidence": sure, "reason": "", "width": 60, "height": 40}
    }
    assert (digit["digit"], digit["name"], digit["none"]) == (1, "T-shirt/top", None)
    assert (sure, len(digit["probabilities"])) == (max(digit["probabilities"]), 3)
    assert digit["box"] == [0, 0, 60, 40]
    drawing = requests.post(f"{url}/steps", picture, timeout=100).content
    with Image.open(io.BytesIO(drawing)) as steps:
        assert steps.size == (2 * 172, 196)
    for last, status in ((2, 200), (3, 422)):
        question = {"image": digit["image"], "digit": last}
        assert requests.post(f"{url}/why", json=question, timeout=100).status_code == status


def test_says_which_classes_there_are(server: Server, named_server: Server) -> None:
    """GET /model lists the classes, and a digit has its own name."""
    for each, names in ((server, [*"0123456789"]), (named_server, [*NAMES])):
        assert requests.get(f"{each.url}/model", timeout=100).json()["classes"] == names
    answer = requests.post(f"{server.url}/read", encoded(drawn(4)), timeout=100).json()
    assert [(digit["digit"], digit["name"]) for digit in answer["digits"]] == [(4, "4")]


def test_says_that_it_is_there(server: Server) -> None:
    """GET /health answers under any host, so that a proxy's check needs no name."""
    answer = requests.get(f"{server.url}/health", headers={"Host": "10.0.0.1"}, timeout=100)
    assert answer.json() == {"status": "ok"}


def test_says_which_model_answers(server: Server, model: Path) -> None:
    """The description of the model is at /model."""
    answer = requests.get(f"{server.url}/model", timeout=100).json()
    assert answer["model"].startswith(f"{model}, the committed model: ")


def test_gives_the_reason_for_a_rejection(server: Server) -> None:
    """A blank sheet gets status 200 and a reason, not an error."""
    answer = requests.post(f"{server.url}/read", encoded(drawn(1, ink="white")), timeout=100)
    assert answer.status_code == 200
    blank = {"digits": [], "text": "", "confidence": 0, "reason": "the sheet is blank"}
    assert answer.json() == blank | {"width": 100, "height": 100}


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/../../../../etc/passwd", b"", 404),
        ("GET", "/page/../../params.yaml", b"", 404),
        ("POST", "/read", b"", 422),
        ("POST", "/read", b"../../params.yaml", 415),
        ("POST", "/read", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        ("POST", "/read", encoded(drawn(1))[:-200], 422),
        ("POST", "/read", bytes(module.MAX_BYTES + 1), 413),
        ("POST", "/steps", b"../../params.yaml", 415),
        ("POST", "/steps", encoded(drawn(1))[:-200], 422),
        ("POST", "/steps", bytes(module.MAX_BYTES + 1), 413),
        ("POST", "/why", b"{}", 422),
        ("POST", "/why", bytes(module.MAX_WHY_BYTES + 1), 413),
        ("PRI", "*", b"", 404),
    ],
)
def test_errors_are_json(
    server: Server, method: str, path: str, content: bytes, status: int
) -> None:
    """Each wrong request gets the right status and an error as JSON."""
    host, port = server.url.removeprefix("http://").split(":")
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=100) as connection:
        connection.sendall(head.encode())
        with suppress(ConnectionError):  # the server has closed the connection early
            connection.sendall(content)
        answer = b""
        while chunk := connection.recv(1 << 16):
            answer += chunk
            if b'"error"' in answer:
                break
    assert answer.startswith(f"HTTP/1.1 {status}".encode())
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


@pytest.mark.parametrize(
    "start",
    [
        "",
        "POST /read HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        "POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nslow",
    ],
)
def test_slow_clients_keep_nobody_out(server: Server, start: str) -> None:
    """More silent or slow connections than one address may have do not keep it from answers."""
    host, port = server.url.removeprefix("http://").split(":")
    with ExitStack() as stack:
        for _ in range(MAX_PER_ADDRESS + 44):
            connection = socket.create_connection((host, int(port)), timeout=100)
            stack.enter_context(connection).sendall(start.encode())
        for _ in range(5):
            response = requests.post(f"{server.url}/read", encoded(drawn(3)), timeout=100)
            assert response.status_code == 200


def test_a_sender_may_go_away(server: Server) -> None:
    """A client that disconnects in the middle of a picture causes no traceback."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=100) as connection:
        connection.sendall(
            f"POST /read HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nhalf".encode()
        )
    assert requests.post(f"{server.url}/read", encoded(drawn(3)), timeout=100).status_code == 200
    assert "Traceback" not in server.errors.read_text()


def result_on(port: str, model: Path) -> subprocess.CompletedProcess[str]:
    """Run the program on a port where it does not serve."""
    return subprocess.run(
        [sys.executable, "-m", "app", "--port", port, "--model", model],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_after_the_requests_at_work(model: Path, number: signal.Signals) -> None:
    """A signal ends the server with code 0, after an answer to the request that had arrived."""
    content = encoded(drawn(3).resize((3000, 3000)), compress_level=1)
    with started_server("--model", str(model), stderr=subprocess.PIPE) as (process, port):
        with socket.create_connection(("127.0.0.1", port), timeout=100) as connection:
            start = f"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n"
            connection.sendall(f"{start}Expect: 100-continue\r\n\r\n".encode())
            assert connection.recv(1 << 12).startswith(b"HTTP/1.1 100")
            connection.sendall(content)
            process.send_signal(number)
            assert connection.recv(1 << 12).startswith(b"HTTP/1.1 200")
        _, errors = process.communicate(timeout=100)
    assert process.returncode == 0
    assert errors == ""


def test_ends_although_a_body_does_not(model: Path) -> None:
    """A body that never ends keeps the server for some seconds only, without a traceback."""
    with (
        started_server("--model", str(model), stderr=subprocess.PIPE) as (process, port),
        socket.create_connection(("127.0.0.1", port), timeout=100) as connection,
    ):
        start = b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        connection.sendall(start + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(1 << 12).startswith(b"HTTP/1.1 100")
        process.terminate()
        _, errors = process.communicate(timeout=100)
    assert process.returncode == 0
    assert errors == ""


def test_says_that_a_port_is_in_use(model: Path) -> None:
    """A port in use ends the program with one line, before it says where it serves."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = result_on(str(port), model)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"error: 127.0.0.1, port {port}: Address already in use; try another --port or --host"
    ]


def test_serves_further_hosts_and_keeps_a_log(model: Path) -> None:
    """--allow-host adds a name to loopback's; --access-log prints a line for each request."""
    options = (
        "--model",
        str(model),
        "--allow-host",
        "Digits.example",
        "--allow-host",
        "b.example",
        "--access-log",
    )
    with started_server(*options) as (process, port):
        assert process.stdout
        url = f"http://127.0.0.1:{port}"
        names = ("digits.example", "b.example:80", "localhost", "other.example")
        statuses = [
            requests.post(
                f"{url}/read?a", encoded(drawn(3)), headers={"Host": name}, timeout=100
            ).status_code
            for name in names
        ]
        assert statuses == [200, 200, 200, 421]
        requests.get(f"{url}/%0Aä", timeout=100)
        lines = [process.stdout.readline() for _ in range(5)]
    line = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d 127\.0\.0\.1 (.+) \d+ ms\n"
    requests_logged = [match[1] for match in (re.fullmatch(line, text) for text in lines) if match]
    assert requests_logged == [*["POST /read 200"] * 3, "POST /read 421", "GET /%0A%C3%A4 404"]


def test_several_processes_serve_one_address(model: Path) -> None:
    """The importable application runs under uvicorn's own command in two processes."""
    options = ["--workers", "2", "--http", "app.web.connections:Connection", "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app.web.asgi:app", *options],
        cwd=PROJECT,
        env=os.environ | {"ALLOWED_HOSTS": "a.example, 127.0.0.1"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr
            said = next(line for line in process.stderr if "running on" in line)
            url = said.partition("running on ")[2].split()[0]
            while process.poll() is None:
                with suppress(requests.ConnectionError):
                    requests.get(f"{url}/health", timeout=100)
                    break
                time.sleep(0.1)
            answer = requests.post(f"{url}/read", encoded(drawn(3)), timeout=100).json()
            assert [digit["digit"] for digit in answer["digits"]] == [3]
            other = requests.get(f"{url}/model", headers={"Host": "b.example"}, timeout=100)
            assert other.status_code == 421
        finally:
            process.terminate()


def test_a_server_may_fork_after_it_has_loaded_the_application() -> None:
    """The importable application starts no thread, as none would be left in a forked process."""
    code = "import threading, app.web.asgi; print(threading.active_count())"
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, cwd=PROJECT, text=True, timeout=100) == "1\n"


def test_without_a_model_the_application_does_not_start(tmp_path: Path) -> None:
    """The server ends with the reason if the workers cannot start."""
    result = subprocess.run(
        [sys.executable, "-m", "uvicorn", "app.web.asgi:app", "--app-dir", PROJECT, "--port", "0"],
        cwd=tmp_path,  # which has no model
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode
    assert "error: app/model.tflite: No such file or directory" in result.stderr


def test_many_at_once(server: Server) -> None:
    """400 requests from 20 clients are all answered, and the memory does not keep growing."""
    contents = [encoded(drawn(digit).resize((400, 400))) for digit in range(10)]

    def client(index: int) -> list[bool]:
        with requests.Session() as session:
            answers = [
                session.post(f"{server.url}/read", contents[(index + turn) % 10], timeout=100)
                for turn in range(10)
            ]
        return [answer.status_code == 200 and bool(answer.json()["digits"]) for answer in answers]

    process, growth = psutil.Process(server.process), []
    for _ in range(2):
        before = memory_of(process)
        with ThreadPoolExecutor(20) as pool:
            results = [right for answers in pool.map(client, range(20)) for right in answers]
        assert len(results) == 200
        assert all(results)
        growth.append(memory_of(process) - before)
    assert growth[1] < 30e6, growth
