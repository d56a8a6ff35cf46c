"""Mirrors that misbehave are real HTTP servers on loopback."""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from stages import mirror, source
from stages.command import StageError
from stages.download import MNIST

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
FILES = {"digits": mirror.Published(len(CONTENT), hashlib.sha256(CONTENT).hexdigest())}
COMPRESSED = gzip.compress(CONTENT)

Answer = Callable[[BaseHTTPRequestHandler], None]


def send(body: bytes, length: int | None = None, status: int = 200) -> Answer:
    """Answer with `body`, announced as `length` bytes if that is given."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    return answer


def hang(request: BaseHTTPRequestHandler) -> None:
    """Say nothing for longer than anybody waits."""
    time.sleep(2)


def stall(request: BaseHTTPRequestHandler) -> None:
    """Send the beginning, and then nothing more."""
    send(COMPRESSED[:1000], len(COMPRESSED))(request)
    request.wfile.flush()
    time.sleep(2)


def endless(request: BaseHTTPRequestHandler) -> None:
    """Send ten gigabytes of gzip members that decompress to nothing."""
    send(b"", 10_000_000_000)(request)
    block = gzip.compress(b"") * 4096
    while True:
        request.wfile.write(block)


def drip(request: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then, so that no single read times out."""
    send(b"", len(COMPRESSED))(request)
    for position in range(200):
        request.wfile.write(COMPRESSED[position : position + 1])
        time.sleep(0.02)


def redirect(request: BaseHTTPRequestHandler) -> None:
    """Point to an address that is none, with a body that would fill the memory."""
    request.send_response(302)
    request.send_header("Location", "http://[")
    request.end_headers()
    while True:
        request.wfile.write(bytes(1 << 20))


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Give a function that starts a server with its answers in turn, the last repeated."""
    servers = []

    def start(*answers: Answer) -> str:
        remaining = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = remaining.pop(0) if len(remaining) > 1 else remaining[0]
                try:
                    answer(self)
                except OSError:
                    self.close_connection = True  # the client has had enough

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def only_own_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no mirror but the one a test names, and let no wait be long."""
    monkeypatch.setattr(mirror, "PUBLIC_MIRRORS", ())
    monkeypatch.setattr(source, "READ_TIMEOUT", 0.3)
    monkeypatch.setattr(mirror, "FIRST_WAIT", 0.01)
    monkeypatch.delenv("MNIST_MIRROR", raising=False)


def test_published_sizes() -> None:
    """A header of 16 or 8 bytes, 784 bytes per image, one per label."""
    assert [file.size for file in MNIST.values()] == [
        16 + 60_000 * 784,
        8 + 60_000,
        16 + 10_000 * 784,
        8 + 10_000,
    ]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (send(b"", status=404), "answered 404"),
        (send(b"", status=500), "answered 500"),
        (hang, "does not answer"),
        (stall, "broke off"),
        (send(COMPRESSED[:-1000], len(COMPRESSED)), "broke off"),
        (send(COMPRESSED[:-1000]), "cut the file off"),
        (send(b"<html>Sign in to continue</html>"), "no valid gzip file"),
        (send(COMPRESSED[:5000] + bytes([COMPRESSED[5000] ^ 1]) + COMPRESSED[5001:]), "no valid"),
        (
            send(gzip.compress(bytes([CONTENT[0] ^ 1]) + CONTENT[1:])),
            "sent other content: SHA-256",
        ),
        (send(gzip.compress(CONTENT[:-1])), "of 299,999 bytes"),
        (send(gzip.compress(bytes(100_000_000))), "more than the published 300,000 bytes"),
        (drip, "took more than"),
        (redirect, "answered 302"),
        (endless, "far more than was published"),
    ],
)
def test_a_fault_is_one_line_and_passes(
    answer: Answer,
    message: str,
    serve: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bad mirror leaves no file; the next run with a good one succeeds."""
    if answer is drip:
        monkeypatch.setattr(source, "LONGEST_FETCH", 0.5)
    monkeypatch.setenv("MNIST_MIRROR", serve(answer))
    with pytest.raises(StageError) as fault:
        mirror.fetch_all(FILES, tmp_path)
    assert message in str(fault.value)
    assert "MNIST_MIRROR" in str(fault.value)
    assert "\n" not in str(fault.value)
    assert list(tmp_path.iterdir()) == []

    monkeypatch.setenv("MNIST_MIRROR", serve(send(COMPRESSED)))
    mirror.fetch_all(FILES, tmp_path)
    assert (tmp_path / "digits").read_bytes() == CONTENT


@pytest.mark.parametrize("answer", [send(b"", status=503), send(COMPRESSED[:9], 99), hang])
def test_tries_again_what_may_pass(
    answer: Answer, serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mirror that fails twice and then works is enough."""
    monkeypatch.setenv("MNIST_MIRROR", serve(answer, answer, send(COMPRESSED)))
    mirror.fetch_all(FILES, tmp_path)
    assert (tmp_path / "digits").read_bytes() == CONTENT


@pytest.mark.parametrize("answer", [send(b"", status=404), send(b"<html>"), hang])
def test_goes_on_to_the_next_mirror(
    answer: Answer, serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mirror that cannot serve does not matter while another can."""
    monkeypatch.setattr(mirror, "PUBLIC_MIRRORS", (serve(answer), serve(send(COMPRESSED))))
    mirror.fetch_all(FILES, tmp_path)
    assert (tmp_path / "digits").read_bytes() == CONTENT


@pytest.mark.parametrize("level", [0, 1, 9])
def test_compression_does_not_matter(
    level: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder is a mirror too, however it compressed, in however many members."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    halves = (CONTENT[:1000], CONTENT[1000:])
    (folder / "digits.gz").write_bytes(b"".join(gzip.compress(half, level) for half in halves))
    monkeypatch.setenv("MNIST_MIRROR", str(folder))
    mirror.fetch_all(FILES, tmp_path / "raw")
    assert (tmp_path / "raw" / "digits").read_bytes() == CONTENT


def test_own_mirror_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST_MIRROR stands before the public ones."""
    monkeypatch.setattr(mirror, "PUBLIC_MIRRORS", ("https://public.example/",))
    assert mirror.mirrors() == ["https://public.example/"]
    monkeypatch.setenv("MNIST_MIRROR", "/own")
    assert mirror.mirrors() == ["/own", "https://public.example/"]


def test_an_unreachable_mirror_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder or a port where nothing is says so."""
    monkeypatch.setenv("MNIST_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(StageError, match=r"no readable digits.gz: No such file"):
        mirror.fetch_all(FILES, tmp_path)
    monkeypatch.setenv("MNIST_MIRROR", "http://127.0.0.1:9/")
    with pytest.raises(StageError, match=r"does not answer: .*refused"):
        mirror.fetch_all(FILES, tmp_path)
    assert mirror.first_answering() is None


def test_finds_the_first_mirror_that_answers(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mirror that says 404, or asks to sign in, is passed over."""
    good = serve(send(COMPRESSED))
    bad = (serve(send(b"", status=404)), serve(send(b"<html>Sign in</html>")))
    monkeypatch.setattr(mirror, "PUBLIC_MIRRORS", (*bad, good))
    assert mirror.first_answering() == good
