"""Downloads from mirrors, which are real HTTP servers on the loopback address."""

import gzip
import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import httpx
import numpy as np
import pytest

from stages import mirrors
from stages.published import PUBLISHED, PublishedFile, PublishedSet
from stages.shared.cli import StageError

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
FILES = {"digits": PublishedFile(len(CONTENT), hashlib.sha256(CONTENT).hexdigest())}
COMPRESSED = gzip.compress(CONTENT)
SET = PublishedSet((), FILES, ())
CHANGED = hashlib.sha256(bytes([CONTENT[0] ^ 1]) + CONTENT[1:]).hexdigest()[:12]
REMEDY = (
    "; check the network, set MNIST_MIRROR to a folder or URL with the four .gz files, or type "
    "`dvc exp run -S download.dataset=digits` to go without mnist"
)
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
    other = gzip.compress(CONTENT, 1)
    (tmp_path / "digits.gz").write_bytes(other)
    found = hashlib.new(kind, other).hexdigest()[:12]
    message = (
        f"{kind.upper()} of the .gz file {found}… of 300,000 bytes, published is {digest:.12}…"
    )
    with pytest.raises(StageError, match=f"sent other content: {message} .*KMNIST_MIRROR"):
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
        (None, "all.zip is no readable .zip archive: .*No such file"),
        (b"<html>", "all.zip is no readable .zip archive: File is not a zip file; check"),
        (archive("gzip/").replace(b"digits.gz", b"digitz.gz"), "all.zip has no digits.gz; check"),
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
        with pytest.raises(StageError, match=r"^no mirror of MNIST answers$"):
            mirrors.main()
    else:
        mirrors.main()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (send(b"", status=404), "answered 404; "),
        (send(b"", status=500), "answered 500; "),
        (hang, "does not answer: timed out; "),
        (stall, "does not answer: timed out; "),
        (send(COMPRESSED[:-1000], len(COMPRESSED)), "does not answer: peer closed connection "),
        (send(COMPRESSED[:-1000]), "cut the file off; "),
        (
            send(b"<html>Sign in to continue</html>"),
            "sent no valid gzip file: Not a gzipped file (b'<h'); ",
        ),
        (
            send(COMPRESSED[:5000] + bytes([COMPRESSED[5000] ^ 1]) + COMPRESSED[5001:]),
            "sent no valid gzip file: ",
        ),
        (
            send(gzip.compress(bytes([CONTENT[0] ^ 1]) + CONTENT[1:])),
            f"sent other content: SHA-256 {CHANGED}… of 300,000 bytes, published is "
            f"{FILES['digits'].digest:.12}… of 300,000; ",
        ),
        (send(gzip.compress(CONTENT[:-1])), "sent other content: SHA-256 "),
        (
            send(gzip.compress(bytes(100_000_000))),
            "sent more than the published 300,000 bytes; ",
        ),
        (send(gzip.compress(CONTENT + b"!")), "sent more than the published 300,000 bytes; "),
        (drip, "took more than 0 s for one file; "),
        (redirect, "answered 302; "),
        (endless, "sent far more than was published; "),
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
    bad = serve(answer)
    monkeypatch.setenv("MNIST_MIRROR", bad)
    with monkeypatch.context() as limits:
        if answer is drip:
            limits.setattr(mirrors, "MAX_FETCH_TIME", 0)
        if answer in (hang, stall):
            limits.setattr(mirrors, "TIMEOUT", IMPATIENT)
        with pytest.raises(StageError) as caught:
            mirrors.fetch_all("mnist", SET)
    beginning = f"digits: no mirror has it as published: {bad} {message}"
    assert str(caught.value).startswith(beginning)
    assert str(caught.value).endswith(REMEDY)
    assert "\n" not in str(caught.value)

    monkeypatch.setenv("MNIST_MIRROR", serve(send(COMPRESSED)))
    assert mirrors.fetch_all("mnist", SET) == [CONTENT]


@pytest.mark.parametrize(
    "answer",
    [
        *(send(b"", status=status) for status in (408, 429, 500, 503)),
        send(COMPRESSED[:9], 99),
        send(COMPRESSED[:9]),
        hang,
    ],
)
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


@pytest.mark.parametrize("answer", [send(b"", status=404), send(b"", status=407), send(b"<html>")])
def test_a_lasting_error_is_not_retried(answer: Answer, serve: Callable[..., str]) -> None:
    """What a mirror does not have it will not have in a second either."""
    public = (serve(answer, send(COMPRESSED)),)
    with pytest.raises(StageError):
        mirrors.fetch_all("mnist", SET._replace(mirrors=public))


def test_a_mirror_that_does_not_answer_is_not_asked_again(serve: Callable[..., str]) -> None:
    """One that lacks a file may have the next one; one that is silent stays so."""
    two = SET._replace(files={"digits": FILES["digits"], "more": FILES["digits"]})
    good, lacking = serve(send(COMPRESSED)), serve(send(b"", status=404), send(COMPRESSED))
    assert mirrors.fetch_all("mnist", two._replace(mirrors=(lacking, good))) == [CONTENT] * 2
    silent = serve(*[send(b"", status=503)] * 3, send(COMPRESSED))
    only_first = serve(send(COMPRESSED), send(b"", status=404))
    with pytest.raises(StageError, match=f"^more: .*published: {only_first} answered 404; check"):
        mirrors.fetch_all("mnist", two._replace(mirrors=(silent, only_first)))
    broken = serve(send(b"", status=503))
    with pytest.raises(StageError, match=f"^digits: .*published: {broken} answered 503; check"):
        mirrors.fetch_all("mnist", two._replace(mirrors=(broken,)))
    with pytest.raises(StageError, match=r"^digits: .*published: none answers; check"):
        mirrors.fetch_all("mnist", two)


def test_a_file_is_asked_for_by_its_name_and_as_it_is(serve: Callable[..., str]) -> None:
    """An address may end in a slash or not; no server is to decompress the file on the way."""
    asked = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append((request.path, request.headers["Accept-Encoding"]))
        send(COMPRESSED)(request)

    mirror = serve(answer)
    for address in (mirror, mirror.rstrip("/"), f"{mirror}a/"):
        assert mirrors.fetch_all("mnist", SET._replace(mirrors=(address,))) == [CONTENT]
    paths = ("/digits.gz", "/digits.gz", "/a/digits.gz")
    assert asked == [(path, "identity") for path in paths]


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
    with pytest.raises(StageError, match=r"nowhere has no readable digits.gz: No such file"):
        mirrors.fetch_all("mnist", SET)
    for address in ("http://127.0.0.1:9/", "https://127.0.0.1:9/"):
        monkeypatch.setenv("MNIST_MIRROR", address)
        with pytest.raises(StageError, match=r"does not answer: .*refused"):
            mirrors.fetch_all("mnist", SET)
    assert mirrors.find_mirror() is None


def test_finds_the_first_mirror_that_answers(
    serve: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One that answers 404, nothing or a sign-in page is skipped; the own one may be good."""
    good = serve(send(COMPRESSED))
    bad = (send(b"", status=404), send(b""), send(b"<html>Sign in</html>"))
    use_public(monkeypatch, *map(serve, bad))
    assert mirrors.find_mirror() is None
    monkeypatch.setenv("MNIST_MIRROR", good)
    assert mirrors.find_mirror() == good
    (tmp_path / "params.yaml").write_text("download: {dataset: mnist}\n")
    monkeypatch.chdir(tmp_path)
    mirrors.main()
    assert capsys.readouterr().out == f"{good}\n"
