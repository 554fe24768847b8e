"""The sources of a data set: every way in which one can fail is refused, and leaves no bad file."""

import gzip
import hashlib
import http.server
import re
import threading

import pytest
from conftest import write_idx_files

from classifier.datasets import download, sources
from classifier.datasets.fashion_mnist import FILES
from classifier.errors import InputError

FIRST, SECOND = list(FILES)[:2]


@pytest.fixture
def originals(tmp_path, monkeypatch):
    """A folder of four small files, which for this test are Fashion-MNIST."""
    folder = write_idx_files(tmp_path / "originals", compress=True)
    for name in FILES:
        content = gzip.decompress((folder / f"{name}.gz").read_bytes())
        monkeypatch.setitem(FILES, name, (len(content), hashlib.sha256(content).hexdigest()))
    return folder


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


@pytest.fixture
def serve():
    """Return a function that starts a server and returns its URL and the names asked of it.

    `answer(name)` gives (status, body) or (status, body, stated length) for a file name.
    """
    servers = []

    def start(answer):
        requested = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rsplit("/", 1)[-1]
                requested.append(name)
                status, body, *length = answer(name)
                self.send_response(status)
                self.send_header("Content-Length", str(length[0] if length else len(body)))
                self.end_headers()
                for part in [body] if isinstance(body, bytes) else body:
                    self.wfile.write(part)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *args: None  # a client that gave up
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/data", requested

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def files_of(folder):
    """Return a server's answers: the files of a folder, and 404."""

    def answer(name):
        path = folder / name
        return (200, path.read_bytes()) if path.exists() else (404, b"none")

    return answer


def expect_content(target, originals):
    for name in FILES:
        content = gzip.decompress((originals / f"{name}.gz").read_bytes())
        assert (target / name).read_bytes() == content


def fetch(get, place, target, is_fashion_mnist=True):
    sources.fetch_missing(get, str(place), target, is_fashion_mnist)


def failure(get, place, target) -> str:
    """Return why a source fails; no reference to the error stays, for it has an open socket."""
    try:
        fetch(get, place, target)
    except sources.FAILURES as error:
        return sources.reason(error)
    pytest.fail(f"{place} did not fail")


def test_gzip_files_are_taken_from_a_folder(originals, target):
    fetch(sources.from_folder, originals, target)
    expect_content(target, originals)


def test_gzip_files_are_taken_from_a_url(originals, target, serve):
    url, requested = serve(files_of(originals))
    fetch(sources.from_url, url, target)
    expect_content(target, originals)
    assert requested == [f"{name}.gz" for name in FILES]


def test_raw_files_are_taken_where_there_is_no_gzip(originals, target, serve, tmp_path):
    url, requested = serve(files_of(write_idx_files(tmp_path / "raw")))
    fetch(sources.from_url, url, target)
    expect_content(target, originals)
    assert len(requested) == 8


def test_file_that_a_folder_has_not_is_named(target, tmp_path):
    with pytest.raises(InputError, match=f"no {FIRST} or {FIRST}.gz there"):
        fetch(sources.from_folder, tmp_path / "nowhere", target)


FAULTS = {
    "not found": (lambda body: (404, b"not here"), "404"),
    "server error": (lambda body: (500, b"broken"), "500"),
    "web page with status 200": (
        lambda body: (200, b"<html>Please log in</html>"),
        "is not gzip: perhaps a web page",
    ),
    "cut off by the network": (
        lambda body: (200, body[: len(body) // 2], len(body)),
        "train-images-idx3-ubyte.gz: ProtocolError",
    ),
    "gzip cut short": (
        lambda body: (200, body[: len(body) // 2]),
        "ended before the end-of-stream",
    ),
    "damaged gzip": (lambda body: (200, body[:-8] + bytes(8)), "CRC check failed"),
    "other content": (
        lambda body: (200, gzip.compress(gzip.decompress(body)[:-1] + b"\0")),
        "expected SHA-256",
    ),
    "decompression bomb": (
        lambda body: (200, gzip.compress(bytes(1 << 24))),
        "holds more than the expected",
    ),
    "empty": (lambda body: (200, b""), "is not gzip"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_and_another_source_makes_it_good(fault, originals, target, serve):
    spoil, message = FAULTS[fault]

    def answer(name):
        return spoil((originals / f"{name.removesuffix('.gz')}.gz").read_bytes())

    url, requested = serve(answer)
    assert re.search(message, failure(sources.from_url, url, target))
    asked = {name.removesuffix(".gz") for name in requested}
    assert asked == {FIRST}  # not for the rest
    assert sources.missing(target) == list(FILES)
    fetch(sources.from_folder, originals, target)  # with what the first one left there
    expect_content(target, originals)


def test_refused_connection_and_time_out_are_failures_that_are_named(target, serve, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", (1, 0.2))
    event = threading.Event()
    url, _ = serve(lambda name: event.wait(60) and (200, b""))
    assert failure(sources.from_url, "http://127.0.0.1:9", target) == "ConnectionError"
    assert failure(sources.from_url, url, target) == "ReadTimeout"
    event.set()


class Endless:
    """A body that goes on for ever, in parts of so many bytes."""

    def __init__(self, part: int):
        self.part = part

    def __len__(self):
        return 10**12

    def __iter__(self):
        while True:
            yield b"\x1f\x8b" + bytes(self.part)


def test_download_stops_at_the_size_that_is_known(originals, target, serve):
    url, _ = serve(lambda name: (200, Endless(1 << 16)))
    message = f"{FIRST}.gz goes on beyond the expected {FILES[FIRST][0]:,} bytes"
    assert failure(sources.from_url, url, target) == message
    largest = max(path.stat().st_size for path in (target / "scratch").iterdir())
    assert largest < FILES[FIRST][0] + download.HEADER_BYTES + download.CHUNK_BYTES


def test_download_that_comes_too_slowly_is_given_up(originals, target, serve, monkeypatch):
    monkeypatch.setattr(download, "GRACE_SECONDS", 0)
    monkeypatch.setattr(download, "MIN_BYTES_PER_SECOND", 10**12)
    url, _ = serve(lambda name: (200, Endless(1)))
    assert re.match(f"{FIRST}.gz comes too slowly", failure(sources.from_url, url, target))


def test_good_files_of_a_source_that_fails_later_are_kept(originals, target, serve):
    good = files_of(originals)
    url, _ = serve(lambda name: good(name) if name == f"{FIRST}.gz" else (500, b""))
    assert failure(sources.from_url, url, target).startswith("500 Server Error")
    assert sources.missing(target) == list(FILES)[1:]
    next_url, requested = serve(good)
    fetch(sources.from_url, next_url, target)
    assert requested[0] == f"{SECOND}.gz"
    expect_content(target, originals)


def test_handwritten_mnist_is_recognised(originals, target, monkeypatch):
    monkeypatch.setattr(sources, "MNIST", {FILES[FIRST][1]})
    with pytest.raises(InputError, match=f"{FIRST} is handwritten MNIST, not Fashion-MNIST"):
        fetch(sources.from_folder, originals, target)


def test_own_files_are_taken_without_a_hash(target, tmp_path):
    own = write_idx_files(tmp_path / "own")
    fetch(sources.from_folder, own, target, is_fashion_mnist=False)
    assert (target / "train-labels-idx1-ubyte").stat().st_size == 8 + 200


def test_other_files_are_not_taken_for_fashion_mnist(target, tmp_path):
    own = write_idx_files(tmp_path / "own")
    with pytest.raises(InputError, match="expected SHA-256 c59f468a"):
        fetch(sources.from_folder, own, target)
    assert sources.missing(target) == list(FILES)


def test_package_needs_apt_get(target, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="apt-get"):
        fetch(sources.from_package, "dataset-fashion-mnist", target)


APT_GET = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in *download*) touch package.deb;; esac
"""
DPKG_DEB = """#!/bin/sh
mkdir -p "$3/usr/share/datasets/fashion-mnist"
cp "$ORIGINALS"/* "$3/usr/share/datasets/fashion-mnist"
"""


@pytest.fixture
def package(originals, tmp_path, monkeypatch):
    """Programs in place of apt-get and dpkg-deb, which note their calls in the returned file."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"apt-get": APT_GET, "dpkg-deb": DPKG_DEB}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("ORIGINALS", str(originals))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_package_is_downloaded_once_into_the_scratch_folder(package, originals, target):
    fetch(sources.from_package, "dataset-fashion-mnist", target)
    expect_content(target, originals)
    update, download = package.read_text().splitlines()
    assert update.endswith(" update")
    assert download.endswith(" download dataset-fashion-mnist")
    assert f"-oDir::State::Lists={target}/scratch/lists" in update


def test_failure_of_a_program_is_told_in_its_own_words(package, target):
    program = package.parent / "programs" / "apt-get"
    program.write_text("#!/bin/sh\necho 'E: no such package' >&2\nexit 100\n")
    with pytest.raises(InputError, match="apt-get failed: E: no such package"):
        fetch(sources.from_package, "dataset-fashion-mnist", target)
