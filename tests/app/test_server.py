import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from app import server as module
from tests.app.conftest import Server, drawn, encoded
from tests.conftest import PROJECT

pytestmark = pytest.mark.slow


def current_memory(process: int) -> float:
    """Return the current memory of a process, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


def test_recognises_a_picture(server: Server) -> None:
    """The digits come left to right, each with its box, probabilities and 28x28 image."""
    answer = requests.post(f"{server.url}/read", encoded(drawn(4, 2)), timeout=100).json()
    assert [digit["digit"] for digit in answer["digits"]] == [4, 2]
    left, top, right, bottom = answer["digits"][1]["box"]
    assert 100 < left < right < 200
    assert 0 < top < bottom < 100
    assert sum(answer["digits"][0]["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert answer["digits"][0]["image"].startswith("data:image/png;base64,")


def test_says_which_model_answers(server: Server, model: Path) -> None:
    """The description of the model is at /model."""
    answer = requests.get(f"{server.url}/model", timeout=100).json()
    assert answer["model"].startswith(f"{model}, the committed model: ")


def test_gives_the_reason_for_a_rejection(server: Server) -> None:
    """A blank sheet gets status 200 and a reason, not an error."""
    answer = requests.post(f"{server.url}/read", encoded(drawn(1, ink="white")), timeout=100)
    assert answer.status_code == 200
    assert answer.json() == {"digits": [], "reason": "the sheet is blank"}


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/nothing", b"", 404),
        ("GET", "/../../../../etc/passwd", b"", 404),
        ("GET", "/page/../../params.yaml", b"", 404),
        ("GET", "/read", b"", 405),
        ("POST", "/", b"", 405),
        ("POST", "/read", b"", 422),
        ("POST", "/read", b"../../params.yaml", 415),
        ("POST", "/read", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        ("POST", "/read", encoded(drawn(1))[:-200], 422),
        ("POST", "/read", bytes(module.MAX_BYTES + 1), 413),
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


@pytest.mark.parametrize("name", ["elsewhere.example", "a{b.example", "elsewhere.example:8000", ""])
def test_refuses_other_hosts(server: Server, name: str) -> None:
    """A request that names another host gets status 421 and an error."""
    response = requests.post(
        f"{server.url}/read", encoded(drawn(3)), headers={"Host": name}, timeout=100
    )
    assert response.status_code == 421
    assert response.json()["error"]


@pytest.mark.parametrize("name", ["127.0.0.1", "LOCALHOST:8000", "[::1]:8000"])
def test_answers_to_its_own_hosts(server: Server, name: str) -> None:
    """The server accepts its own host names with or without a port."""
    response = requests.post(
        f"{server.url}/read", encoded(drawn(3)), headers={"Host": name}, timeout=100
    )
    assert response.status_code == 200


def test_a_slow_sender_is_cut_off(server: Server) -> None:
    """A client that stops sending gets a 408 after some seconds; others are served meanwhile."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=100) as connection:
        connection.sendall(
            f"POST /read HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nslow".encode()
        )
        assert requests.get(server.url, timeout=100).status_code == 200
        assert connection.recv(1 << 12).startswith(b"HTTP/1.1 408")


def test_a_sender_may_go_away(server: Server) -> None:
    """A client that disconnects in the middle of a picture causes no traceback."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=100) as connection:
        connection.sendall(
            f"POST /read HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nhalf".encode()
        )
    assert requests.post(f"{server.url}/read", encoded(drawn(3)), timeout=100).status_code == 200
    assert "Traceback" not in server.errors.read_text()


@pytest.mark.parametrize("port", ["0", "65536"])
def test_refuses_a_wrong_port(model: Path, port: str) -> None:
    """A wrong port ends with exit code 2 and a line that gives the allowed range."""
    result = subprocess.run(
        [sys.executable, "-m", "app", "--port", port, "--model", model],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].endswith(f"--port: found {port}, expected 1 to 65535")


def test_many_at_once(server: Server) -> None:
    """1,000 requests from 20 clients are all answered, and the memory does not keep growing."""
    contents = [encoded(drawn(digit).resize((400, 400))) for digit in range(10)]

    def client(index: int) -> list[bool]:
        with requests.Session() as session:
            answers = [
                session.post(f"{server.url}/read", contents[(index + turn) % 10], timeout=100)
                for turn in range(25)
            ]
        return [answer.status_code == 200 and bool(answer.json()["digits"]) for answer in answers]

    growth = []
    for _ in range(2):
        before = current_memory(server.process)
        with ThreadPoolExecutor(20) as pool:
            results = [right for answers in pool.map(client, range(20)) for right in answers]
        assert len(results) == 500
        assert all(results)
        growth.append(current_memory(server.process) - before)
    assert growth[1] < 30, growth
