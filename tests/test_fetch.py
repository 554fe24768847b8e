"""Fetching: every way in which a source can fail is refused, named and followed by the next source."""

import gzip
import hashlib
import http.server
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import write_idx_files
from PIL import Image

from stages import fetch
from stages.errors import InputError
from stages.idx import read_idx


@pytest.fixture
def originals(tmp_path, monkeypatch):
    """A folder of four small files, which for this test are Fashion-MNIST."""
    folder = write_idx_files(tmp_path / "originals", compress=True)
    for name in fetch.FILES:
        content = gzip.decompress((folder / f"{name}.gz").read_bytes())
        monkeypatch.setitem(fetch.FILES, name, (len(content), hashlib.sha256(content).hexdigest()))
    return folder


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


@pytest.fixture
def serve():
    """Return a function that starts a server on 127.0.0.1 and returns its URL and its list of requested paths.

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
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *args: None  # a client that gave up
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/data", requested

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def good_files(originals):
    return lambda name: (200, (originals / name).read_bytes()) if (originals / name).exists() else (404, b"none")


def expect_content(target, originals):
    for name in fetch.FILES:
        assert (target / name).read_bytes() == gzip.decompress((originals / f"{name}.gz").read_bytes())


def test_gzip_files_are_taken_from_a_folder(originals, target):
    fetch.collect([(fetch.from_folder, str(originals))], target, True)
    expect_content(target, originals)


def test_gzip_files_are_taken_from_a_url(originals, target, serve):
    url, requested = serve(good_files(originals))
    fetch.collect([(fetch.from_url, url)], target, True)
    expect_content(target, originals)
    assert requested == [f"{name}.gz" for name in fetch.FILES]


def test_raw_files_are_taken_where_there_is_no_gzip(originals, target, serve, tmp_path):
    raw = write_idx_files(tmp_path / "raw")
    url, requested = serve(good_files(raw))
    fetch.collect([(fetch.from_url, url)], target, True)
    expect_content(target, originals)
    assert len(requested) == 8


FAULTS = {
    "not found": (lambda body: (404, b"not here"), "404"),
    "server error": (lambda body: (500, b"broken"), "500"),
    "web page with status 200": (lambda body: (200, b"<html>Please log in</html>"), "is not gzip: perhaps a web page"),
    "cut off by the network": (lambda body: (200, body[: len(body) // 2], len(body)), "ConnectionError|IncompleteRead"),
    "gzip cut short": (lambda body: (200, body[: len(body) // 2]), "ended before the end-of-stream"),
    "damaged gzip": (lambda body: (200, body[:-8] + bytes(8)), "CRC check failed"),
    "other content": (lambda body: (200, gzip.compress(gzip.decompress(body)[:-1] + b"\0")), "expected SHA-256"),
    "decompression bomb": (lambda body: (200, gzip.compress(bytes(1 << 24))), "holds more than the expected"),
    "empty": (lambda body: (200, b""), "is not gzip"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named_and_the_next_source_asked(fault, originals, target, serve, capsys):
    spoil, message = FAULTS[fault]
    url, requested = serve(lambda name: spoil((originals / f"{name.removesuffix('.gz')}.gz").read_bytes()))
    with pytest.raises(InputError, match=message) as caught:
        fetch.collect([(fetch.from_url, url)], target, True)
    assert "\n" not in str(caught.value)
    assert "set fetch.source in params.yaml to its path" in str(caught.value)
    assert {name.removesuffix(".gz") for name in requested} == {"train-images-idx3-ubyte"}  # not asked for the rest

    for path in target.rglob("*"):
        path.unlink() if path.is_file() else None
    (target / "scratch").rmdir()
    fetch.collect([(fetch.from_url, url), (fetch.from_folder, str(originals))], target, True)
    expect_content(target, originals)


def test_refused_connection_and_time_out_are_named(originals, target, serve, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUTS", (1, 0.2))
    event = threading.Event()
    url, _ = serve(lambda name: event.wait(5) and (200, b""))
    sources = [(fetch.from_url, "http://127.0.0.1:9"), (fetch.from_url, url)]
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9: ConnectionError; .*: ReadTimeout"):
        fetch.collect(sources, target, True)
    event.set()


def test_good_files_of_a_source_that_fails_later_are_kept(originals, target, serve):
    first, second = list(fetch.FILES)[:2]
    url, _ = serve(lambda name: (200, (originals / name).read_bytes()) if name == f"{first}.gz" else (500, b""))
    next_url, requested = serve(good_files(originals))
    fetch.collect([(fetch.from_url, url), (fetch.from_url, next_url)], target, True)
    assert requested[0] == f"{second}.gz"
    expect_content(target, originals)


def test_handwritten_mnist_is_recognised(originals, target, monkeypatch):
    name = "train-images-idx3-ubyte"
    monkeypatch.setattr(fetch, "MNIST", {fetch.FILES[name][1]})
    with pytest.raises(InputError, match=f"{name} is handwritten MNIST, not Fashion-MNIST"):
        fetch.collect([(fetch.from_folder, str(originals))], target, True)


def test_own_files_are_taken_without_a_hash(target, tmp_path):
    own = write_idx_files(tmp_path / "own")
    fetch.collect([(fetch.from_folder, str(own))], target, False)
    assert (target / "train-labels-idx1-ubyte").stat().st_size == 8 + 200


def test_package_needs_apt_get(target, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match=r"dataset-fashion-mnist: .*apt-get"):
        fetch.collect([(fetch.from_package, "dataset-fashion-mnist")], target, True)


def test_failed_stage_prints_one_line_and_leaves_final_paths_alone(tmp_path, request):
    text = Path(request.config.rootpath, "params.yaml").read_text(encoding="utf-8")
    text = text.replace("source: auto", f"source: {write_idx_files(tmp_path / 'other')}")
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    (tmp_path / ".dvc").mkdir()
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_text("what was there")
    done = subprocess.run(
        [sys.executable, "-m", "stages.fetch"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(request.config.rootpath)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "expected SHA-256 c59f468a" in done.stderr
    assert [path.name for path in raw.iterdir()] == ["train-images-idx3-ubyte"]
    assert (raw / "train-images-idx3-ubyte").read_text() == "what was there"


@pytest.fixture
def shelves(tmp_path):
    """A folder of images a class, of other sizes and kinds; class c is bright in its own third."""
    generator = np.random.default_rng(0)
    folder = tmp_path / "shelves"
    for label, name in enumerate(("cups", "plates", "bowls")):
        (folder / name).mkdir(parents=True)
        for number in range(10):
            image = generator.integers(0, 60, (60, 60, 3), dtype=np.uint8)
            image[20 * label : 20 * label + 20] += 190
            image[:, :5] = image[:, -5:] = 0
            Image.fromarray(image).save(folder / name / f"{number}.{('png', 'jpg', 'bmp')[number % 3]}")
    (folder / ".DS_Store").write_bytes(b"no image")
    (folder / "cups" / ".DS_Store").write_bytes(b"no image")
    return folder


def read_photos(folder):
    """Images and labels of train and t10k, from a folder with three classes."""
    arrays = {}
    for part, items in fetch.photos(folder, ["cups", "plates", "bowls"], 0.2).items():
        names = [folder.parent / f"{part}-{kind}" for kind in ("images", "labels")]
        fetch.write_photos(items, *names)
        arrays[part] = [read_idx(name, ndim) for name, ndim in zip(names, (3, 1), strict=True)]
    return arrays


def test_folders_of_images_become_two_sets_with_the_same_share_of_each_class(shelves):
    arrays = read_photos(shelves)
    for part, count in {"train": 8, "t10k": 2}.items():
        images, labels = arrays[part]
        assert images.shape == (3 * count, 28, 28)
        assert np.bincount(labels).tolist() == [count] * 3
        brightest = [np.argmax([image[:9].sum(), image[10:18].sum(), image[19:].sum()]) for image in images.astype(int)]
        assert brightest == labels.tolist()
        assert labels.tolist() != sorted(labels.tolist())


def test_split_depends_on_the_content_alone(shelves):
    first = read_photos(shelves)
    for path in list((shelves / "cups").glob("[0-9]*")):
        path.rename(path.with_name(f"renamed {path.name}"))
    second = read_photos(shelves)
    for part in first:
        np.testing.assert_array_equal(first[part][0], second[part][0])


def spoil_image(shelves):
    (shelves / "cups" / "0.png").write_bytes(b"no image")


def empty_class(shelves):
    for path in (shelves / "bowls").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda shelves: (shelves / "forks").mkdir(),
            "a folder for each of classes in params.yaml, cups, plates, bowls, found bowls, cups, forks",
        ),
        (lambda shelves: shutil.rmtree(shelves / "cups"), "found bowls, plates"),
        (spoil_image, "0.png: expected an image, received another kind of file"),
        (empty_class, "bowls: expected images for training and test, received 0 and 0 with fetch.test_fraction 0.2"),
    ],
)
def test_bad_folder_of_images_is_named(spoil, message, shelves):
    spoil(shelves)
    with pytest.raises(InputError, match=message):
        read_photos(shelves)


def test_folder_of_idx_files_is_no_folder_of_images(tmp_path, shelves):
    own = write_idx_files(tmp_path / "own", compress=True)
    (own / "more").mkdir()
    assert not fetch.is_photos(str(own))
    assert not fetch.is_photos(str(tmp_path / "nothing"))
    assert fetch.is_photos(str(shelves))
