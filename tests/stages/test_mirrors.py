"""Downloads from mirrors, which are real HTTP servers on the loopback address."""

import gzip
import hashlib
import io
import runpy
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import httpx
import numpy as np
import pytest

from stages import mirrors, published
from stages.published import PUBLISHED, PublishedFile, PublishedSet
from stages.shared.cli import StageError
from stages.shared.dataset import NAMES

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
FILES = {"digits": PublishedFile(len(CONTENT), hashlib.sha256(CONTENT).hexdigest())}
COMPRESSED = gzip.compress(CONTENT)
SET = PublishedSet((), FILES, ())
PATIENT = httpx.Timeout(100)
IMPATIENT = httpx.Timeout(100, read=0.1)

Answer = Callable[[BaseHTTPRequestHandler], None]


def send(body: bytes, length: int | None = None, status: int = 200) -> Answer:
    """Return an answer that sends `body`, with `length` as its Content-Length if given."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    return answer


def hang(request: BaseHTTPRequestHandler) -> None:
    """Send nothing until the client has gone."""
    request.rfile.read(1)


def stall(request: BaseHTTPRequestHandler) -> None:
    """Send the first bytes and then nothing until the client has gone."""
    send(COMPRESSED[:1000], len(COMPRESSED))(request)
    request.rfile.read(1)


def endless(request: BaseHTTPRequestHandler) -> None:
    """Send ten gigabytes of gzip members that decompress to nothing."""
    send(b"", 10_000_000_000)(request)
    block = gzip.compress(b"") * 4096
    while True:
        request.wfile.write(block)


def drip(request: BaseHTTPRequestHandler) -> None:
    """Send single bytes, so that no single read times out."""
    send(b"", len(COMPRESSED))(request)
    for position in range(len(COMPRESSED)):
        request.wfile.write(COMPRESSED[position : position + 1])


def redirect(request: BaseHTTPRequestHandler) -> None:
    """Redirect to an invalid address, with an endless body."""
    request.send_response(302)
    request.send_header("Location", "http://[")
    request.end_headers()
    while True:
        request.wfile.write(bytes(1 << 20))


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Give a function that starts a server; it sends each answer once and repeats the last."""
    servers = []

    def start(*answers: Answer) -> str:
        remaining = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = remaining.pop(0) if len(remaining) > 1 else remaining[0]
                try:
                    answer(self)
                except OSError:
                    self.close_connection = True  # the client has disconnected

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


def use_public(monkeypatch: pytest.MonkeyPatch, *public: str) -> None:
    """Give MNIST these public mirrors."""
    monkeypatch.setitem(PUBLISHED, "mnist", PUBLISHED["mnist"]._replace(mirrors=public))


@pytest.fixture(autouse=True)
def only_own_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all mirrors that the test does not set, and try again at once."""
    use_public(monkeypatch)
    monkeypatch.setattr(mirrors, "TIMEOUT", PATIENT)
    monkeypatch.setattr(mirrors, "RETRY_DELAYS", (0, 0))
    monkeypatch.delenv("MNIST_MIRROR", raising=False)


def test_published_sets_are_those_that_have_names() -> None:
    """Each has its classes, counts and kinds of digests, and mirrors if it is not made here.

    Files have a header of 16 or 8 bytes, then 784 bytes per image or one per label.
    """
    # As the module makes it: these tests take MNIST's mirrors away.
    table: dict[str, PublishedSet] = runpy.run_path(
        published.__file__, run_name=published.__name__
    )["PUBLISHED"]
    assert tuple(table) == NAMES
    for name, num_classes, train, test, kind in (
        ("mnist", 10, 60_000, 10_000, None),
        ("digits", 10, 1437, 360, None),
        ("fashion-mnist", 10, 60_000, 10_000, None),
        ("kmnist", 10, 60_000, 10_000, "sha256"),
        ("emnist-letters", 26, 124_800, 20_800, "md5"),
    ):
        files = table[name].files.values()
        assert len({*table[name].classes}) == num_classes
        assert [file.size for file in files] == [
            size for count in (train, test) for size in (16 + count * 784, 8 + count)
        ]
        assert {file.of_compressed for file in files} == {kind}
        for file in files:
            assert name == "digits" or len(file.digest or "") == (32 if kind == "md5" else 64)
        assert bool(table[name].mirrors) is (name != "digits")
        assert all(mirror.endswith(("/", ".zip")) for mirror in table[name].mirrors)
    letters = ["train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"]
    expected = [f"emnist-letters-{name}-ubyte" for name in letters]
    assert list(table["emnist-letters"].files) == expected


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_digest_may_be_that_of_the_compressed_file(
    kind: Literal["sha256", "md5"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same content, compressed in another way, is then refused, and the error says why."""
    digest = hashlib.new(kind, COMPRESSED).hexdigest()
    files = {"digits": PublishedFile(len(CONTENT), digest, kind)}
    monkeypatch.setenv("KMNIST_MIRROR", str(tmp_path))
    (tmp_path / "digits.gz").write_bytes(COMPRESSED)
    assert mirrors.fetch_all("kmnist", SET._replace(files=files)) == [CONTENT]
    (tmp_path / "digits.gz").write_bytes(gzip.compress(CONTENT, 1))
    with pytest.raises(StageError, match=f"{kind.upper()} of the .gz file .*KMNIST_MIRROR"):
        mirrors.fetch_all("kmnist", SET._replace(files=files))


def archive(folder: str) -> bytes:
    """Return a .zip archive with the file in a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(f"{folder}other.gz", b"other")
        file.writestr(f"{folder}digits.gz", COMPRESSED)
    return buffer.getvalue()


@pytest.mark.parametrize("folder", ["", "gzip/"])
def test_a_mirror_may_be_an_archive(
    folder: str, serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The .gz file is found in a .zip archive, on the disk or on the web."""
    (tmp_path / "all.zip").write_bytes(archive(folder))
    for mirror in (str(tmp_path / "all.zip"), f"{serve(send(archive(folder)))}all.zip"):
        monkeypatch.setenv("MNIST_MIRROR", mirror)
        assert mirrors.fetch_all("mnist", SET) == [CONTENT]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is no readable .zip archive: .*No such file"),
        (b"<html>", "is no readable .zip archive: File is not a zip file"),
        (archive("gzip/").replace(b"digits.gz", b"digitz.gz"), "has no digits.gz"),
    ],
)
def test_a_bad_archive_is_one_line(
    content: bytes | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that is missing, damaged or without the file is named in one line."""
    if content is not None:
        (tmp_path / "all.zip").write_bytes(content)
    monkeypatch.setenv("MNIST_MIRROR", str(tmp_path / "all.zip"))
    with pytest.raises(StageError, match=message) as caught:
        mirrors.fetch_all("mnist", SET)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fails"),
    [("mnist", True), ("fashion-mnist", False), ("./none", False), ("7", False)],
)
def test_only_mnist_falls_back_to_the_digits(
    text: str, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make` runs another set if this command fails, so it fails for MNIST alone."""
    (tmp_path / "params.yaml").write_text(f"download: {{dataset: {text}}}\n")
    monkeypatch.chdir(tmp_path)
    if fails:
        with pytest.raises(StageError, match="no mirror of MNIST answers"):
            mirrors.main()
    else:
        mirrors.main()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (send(b"", status=404), "answered 404"),
        (send(b"", status=500), "answered 500"),
        (hang, "does not answer"),
        (stall, "does not answer"),
        (send(COMPRESSED[:-1000], len(COMPRESSED)), "does not answer"),
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
def test_a_bad_mirror_is_one_line(
    answer: Answer,
    message: str,
    serve: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bad mirror gives a one-line error and no file; a good mirror then succeeds."""
    monkeypatch.setenv("MNIST_MIRROR", serve(answer))
    with monkeypatch.context() as limits:
        if answer is drip:
            limits.setattr(mirrors, "MAX_FETCH_TIME", 0)
        if answer in (hang, stall):
            limits.setattr(mirrors, "TIMEOUT", IMPATIENT)
        with pytest.raises(StageError) as caught:
            mirrors.fetch_all("mnist", SET)
    assert message in str(caught.value)
    assert "MNIST_MIRROR" in str(caught.value)
    assert "\n" not in str(caught.value)

    monkeypatch.setenv("MNIST_MIRROR", serve(send(COMPRESSED)))
    assert mirrors.fetch_all("mnist", SET) == [CONTENT]


@pytest.mark.parametrize("answer", [send(b"", status=503), send(COMPRESSED[:9], 99), hang])
def test_retries_temporary_errors(
    answer: Answer, serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download succeeds if the mirror fails twice and then works."""

    def delays() -> Iterator[float]:
        monkeypatch.setattr(mirrors, "TIMEOUT", IMPATIENT if answer is hang else PATIENT)
        yield from (0, 0)
        monkeypatch.setattr(mirrors, "TIMEOUT", PATIENT)

    monkeypatch.setattr(mirrors, "RETRY_DELAYS", delays())
    monkeypatch.setenv("MNIST_MIRROR", serve(answer, answer, send(COMPRESSED)))
    assert mirrors.fetch_all("mnist", SET) == [CONTENT]


@pytest.mark.parametrize("answer", [send(b"", status=404), send(b"<html>"), send(b"", status=503)])
def test_goes_on_to_the_next_mirror(
    answer: Answer, serve: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """If a mirror fails, a line says so and the next mirror is used."""
    public = (serve(answer), serve(send(COMPRESSED)))
    assert mirrors.fetch_all("mnist", SET._replace(mirrors=public)) == [CONTENT]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"digits: {public[0]} " in printed.err
    assert "digits: 100%" not in printed.err  # how much there is is not known before
    assert "digits: 300kB [" in printed.err


@pytest.mark.parametrize("level", [0, 1, 9])
def test_compression_does_not_matter(
    level: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder is a valid mirror, with any compression level and several gzip members."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    halves = (CONTENT[:1000], CONTENT[1000:])
    (folder / "digits.gz").write_bytes(b"".join(gzip.compress(half, level) for half in halves))
    monkeypatch.setenv("MNIST_MIRROR", str(folder))
    assert mirrors.fetch_all("mnist", SET) == [CONTENT]


def test_own_mirror_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST_MIRROR comes before the public mirrors; each set has a variable of its own."""
    public = ("https://public.example/",)
    assert mirrors.mirrors("mnist", public) == ["https://public.example/"]
    monkeypatch.setenv("MNIST_MIRROR", "/own")
    assert mirrors.mirrors("mnist", public) == ["/own", "https://public.example/"]
    assert mirrors.mirrors("emnist-letters", public) == ["https://public.example/"]
    monkeypatch.setenv("EMNIST_LETTERS_MIRROR", "/letters")
    assert mirrors.mirrors("emnist-letters", public)[0] == "/letters"


def test_an_unreachable_mirror_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says that the folder is missing or that the connection was refused."""
    monkeypatch.setenv("MNIST_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(StageError, match=r"no readable digits.gz: No such file"):
        mirrors.fetch_all("mnist", SET)
    monkeypatch.setenv("MNIST_MIRROR", "http://127.0.0.1:9/")
    with pytest.raises(StageError, match=r"does not answer: .*refused"):
        mirrors.fetch_all("mnist", SET)
    assert mirrors.find_mirror() is None


def test_finds_the_first_mirror_that_answers(
    serve: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A mirror that answers 404 or with a sign-in page is skipped; the good one is printed."""
    good = serve(send(COMPRESSED))
    bad = (serve(send(b"", status=404)), serve(send(b"<html>Sign in</html>")))
    use_public(monkeypatch, *bad, good)
    assert mirrors.find_mirror() == good
    (tmp_path / "params.yaml").write_text("download: {dataset: mnist}\n")
    monkeypatch.chdir(tmp_path)
    mirrors.main()
    assert capsys.readouterr().out == f"{good}\n"
