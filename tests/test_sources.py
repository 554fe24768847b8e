"""The sources of a data set: every way in which one can fail is refused, and leaves no bad file."""

import gzip
import hashlib
import http.server
import re
import threading

import pytest
from conftest import ROOT, describe, write_idx_files

from classifier.datasets import download, sources
from classifier.datasets.description import FILES, Description, read
from classifier.errors import InputError

NAMES = list(FILES.values())
ROLES = list(FILES)
FIRST, SECOND = NAMES[:2]
FASHION_MNIST = read(ROOT / "data" / "fashion_mnist.yaml")


@pytest.fixture
def originals(tmp_path):
    """A folder of four small files, and known.yaml, which describes their content."""
    folder = write_idx_files(tmp_path / "originals", compress=True)
    files = {}
    for role, name in FILES.items():
        content = gzip.decompress((folder / f"{name}.gz").read_bytes())
        sha256 = hashlib.sha256(content).hexdigest()
        files[role] = {"name": name, "bytes": len(content), "sha256": sha256}
    describe(folder / "known.yaml", files=files, places=["."])
    return folder


@pytest.fixture
def known(originals) -> Description:
    return read(originals / "known.yaml")


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
    for name in NAMES:
        content = gzip.decompress((originals / f"{name}.gz").read_bytes())
        assert (target / name).read_bytes() == content


def fetch(get, place, target, description):
    sources.fetch_missing(get, str(place), target, description)


def failure(get, place, target, description) -> str:
    """Return why a source fails; no reference to the error stays, for it has an open socket."""
    try:
        fetch(get, place, target, description)
    except sources.FAILURES as error:
        return sources.reason(error)
    pytest.fail(f"{place} did not fail")


def test_gzip_files_are_taken_from_a_folder(originals, target, known):
    fetch(sources.from_folder, originals, target, known)
    expect_content(target, originals)


def test_gzip_files_are_taken_from_a_url(originals, target, serve, known):
    url, requested = serve(files_of(originals))
    fetch(sources.from_url, url, target, known)
    expect_content(target, originals)
    assert requested == [f"{name}.gz" for name in NAMES]


def test_raw_files_are_taken_where_there_is_no_gzip(originals, target, serve, tmp_path, known):
    url, requested = serve(files_of(write_idx_files(tmp_path / "raw")))
    fetch(sources.from_url, url, target, known)
    expect_content(target, originals)
    assert len(requested) == 8


def test_file_that_a_folder_has_not_is_named(target, tmp_path, known):
    with pytest.raises(InputError, match=f"no {FIRST} or {FIRST}.gz there"):
        fetch(sources.from_folder, tmp_path / "nowhere", target, known)


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
def test_fault_is_named_and_another_source_makes_it_good(fault, originals, target, serve, known):
    spoil, message = FAULTS[fault]

    def answer(name):
        return spoil((originals / f"{name.removesuffix('.gz')}.gz").read_bytes())

    url, requested = serve(answer)
    assert re.search(message, failure(sources.from_url, url, target, known))
    asked = {name.removesuffix(".gz") for name in requested}
    assert asked == {FIRST}  # not for the rest
    assert sources.missing(target) == ROLES
    fetch(sources.from_folder, originals, target, known)  # with what the first one left there
    expect_content(target, originals)


def test_refused_connection_and_time_out_are_failures_that_are_named(
    target, serve, monkeypatch, known
):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", (1, 0.2))
    event = threading.Event()
    url, _ = serve(lambda name: event.wait(60) and (200, b""))
    assert failure(sources.from_url, "http://127.0.0.1:9", target, known) == "ConnectionError"
    assert failure(sources.from_url, url, target, known) == "ReadTimeout"
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


def test_download_stops_at_the_size_that_is_known(originals, target, serve, known):
    url, _ = serve(lambda name: (200, Endless(1 << 16)))
    message = f"{FIRST}.gz goes on beyond the expected {known.files.train_images.bytes:,} bytes"
    assert failure(sources.from_url, url, target, known) == message
    largest = max(path.stat().st_size for path in (target / "scratch").iterdir())
    assert largest < known.files.train_images.bytes + download.HEADER_BYTES + download.CHUNK_BYTES


def test_download_that_comes_too_slowly_is_given_up(originals, target, serve, monkeypatch, known):
    monkeypatch.setattr(download, "GRACE_SECONDS", 0)
    monkeypatch.setattr(download, "MIN_BYTES_PER_SECOND", 10**12)
    url, _ = serve(lambda name: (200, Endless(1)))
    assert re.match(f"{FIRST}.gz comes too slowly", failure(sources.from_url, url, target, known))


def test_good_files_of_a_source_that_fails_later_are_kept(originals, target, serve, known):
    good = files_of(originals)
    url, _ = serve(lambda name: good(name) if name == f"{FIRST}.gz" else (500, b""))
    assert failure(sources.from_url, url, target, known).startswith("500 Server Error")
    assert sources.missing(target) == ROLES[1:]
    next_url, requested = serve(good)
    fetch(sources.from_url, next_url, target, known)
    assert requested[0] == f"{SECOND}.gz"
    expect_content(target, originals)


def test_data_that_are_easily_taken_for_these_are_recognised(originals, target, known):
    others = {"handwritten MNIST": [known.files.train_images.sha256]}
    known = known.model_copy(update={"others": others})
    with pytest.raises(InputError, match=f"{FIRST} is handwritten MNIST"):
        fetch(sources.from_folder, originals, target, known)


def test_files_are_taken_without_a_hash_where_none_is_known(target, tmp_path):
    own = write_idx_files(tmp_path / "own")
    fetch(sources.from_folder, own, target, read(own / "small.yaml"))
    assert (target / "train-labels-idx1-ubyte").stat().st_size == 8 + 200


def test_files_of_other_names_get_those_of_all(target, tmp_path):
    own = write_idx_files(tmp_path / "own", compress=True)
    files = {}
    for role, name in FILES.items():
        files[role] = {"name": f"emnist-{role}"}
        (own / f"{name}.gz").rename(own / f"emnist-{role}.gz")
    fetch(
        sources.from_folder, own, target, read(describe(own / "it.yaml", files=files, places=["."]))
    )
    assert sources.missing(target) == []


def test_other_files_are_not_taken_for_fashion_mnist(target, tmp_path):
    own = write_idx_files(tmp_path / "own")
    with pytest.raises(InputError, match="expected SHA-256 c59f468a"):
        fetch(sources.from_folder, own, target, FASHION_MNIST)
    assert sources.missing(target) == ROLES


def test_package_needs_apt_get(target, monkeypatch, known):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="apt-get"):
        fetch(sources.from_package, "dataset-fashion-mnist", target, known)


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


def test_package_is_downloaded_once_into_the_scratch_folder(package, originals, target, known):
    fetch(sources.from_package, "dataset-fashion-mnist", target, known)
    expect_content(target, originals)
    update, download = package.read_text().splitlines()
    assert update.endswith(" update")
    assert download.endswith(" download dataset-fashion-mnist")
    assert f"-oDir::State::Lists={target}/scratch/lists" in update


def test_failure_of_a_program_is_told_in_its_own_words(package, target, known):
    program = package.parent / "programs" / "apt-get"
    program.write_text("#!/bin/sh\necho 'E: no such package' >&2\nexit 100\n")
    with pytest.raises(InputError, match="apt-get failed: E: no such package"):
        fetch(sources.from_package, "dataset-fashion-mnist", target, known)
