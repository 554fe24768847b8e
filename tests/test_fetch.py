"""Fetching: sources are asked in turn, what is found is checked, a failure changes nothing."""

import errno
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import PARAMS, ROOT, make_images, published, write_idx_files
from PIL import Image

from classifier import parameters
from classifier.datasets import fashion_mnist, sources
from classifier.errors import InputError
from classifier.images.idx import read_idx
from stages import fetch
from stages.fetch import Fetch

CLASSES = ["slim", "wide"]


@pytest.fixture
def originals(tmp_path, monkeypatch):
    """A folder of four small files, which for this test are Fashion-MNIST."""
    folder = write_idx_files(tmp_path / "originals", compress=True)
    for name in fetch.FILES:
        content = gzip.decompress((folder / f"{name}.gz").read_bytes())
        monkeypatch.setitem(fetch.FILES, name, (len(content), hashlib.sha256(content).hexdigest()))
    return folder


def failing(error: Exception):
    """A way to get a file that only fails."""

    def get(place, name, scratch, limit):
        raise error

    return get


def run(source: str) -> None:
    fetch.main(classes=CLASSES, fetch=Fetch(source=source, test_fraction=0.2))


def expect_fetched(folder=fetch.RAW):
    """Assert that the four files, and nothing else, are where the next stage reads them."""
    assert sorted(os.listdir(folder)) == sorted(fetch.FILES)
    images, labels = make_images(20, seed=1)
    np.testing.assert_array_equal(read_idx(folder / "train-images-idx3-ubyte", ndim=3), images)
    np.testing.assert_array_equal(read_idx(folder / "train-labels-idx1-ubyte", ndim=1), labels)
    images, labels = make_images(5, seed=2)
    np.testing.assert_array_equal(read_idx(folder / "t10k-images-idx3-ubyte", ndim=3), images)
    np.testing.assert_array_equal(read_idx(folder / "t10k-labels-idx1-ubyte", ndim=1), labels)


def test_sources_of_fashion_mnist_are_the_downloads_the_package_and_the_mirrors():
    present, cached, first, second, *mirrors, last = fetch.SOURCES
    assert present == (sources.from_folder, "data/raw")
    assert cached == (sources.from_cache, ".dvc/cache/files/md5")
    assert first == (sources.from_folder, "data/downloads")
    assert second == (sources.from_folder, "/usr/share/datasets/fashion-mnist")
    assert mirrors == [(sources.from_url, url) for url in fashion_mnist.MIRRORS]
    assert len(mirrors) == 3
    assert [url.startswith("https:") for _, url in mirrors] == [True, True, False]
    assert last == (sources.from_package, "dataset-fashion-mnist")


def test_downloads_are_the_first_place_that_auto_looks_in(originals, workplace, monkeypatch):
    first = fetch.SOURCES[2]
    monkeypatch.setattr(fetch, "SOURCES", (first, (failing(AssertionError("asked")), "elsewhere")))
    Path("data").mkdir()
    originals.rename("data/downloads")
    run("auto")
    expect_fetched()


def test_files_that_are_there_and_right_are_the_first_source(
    originals, workplace, monkeypatch, capsys
):
    present = fetch.SOURCES[0]
    offline = (failing(AssertionError("asked")), "elsewhere")
    monkeypatch.setattr(fetch, "SOURCES", (present, offline))
    write_idx_files(fetch.RAW)
    run("auto")
    expect_fetched()
    assert capsys.readouterr().out.splitlines() == [
        "fetch: from data/raw",
        "fetch: 4 files in data/raw",
    ]


def test_files_that_dvc_has_in_its_cache_are_the_second_source(
    originals, workplace, monkeypatch, capsys
):
    """It deletes them in data/raw before the stage runs."""
    cache = Path(".dvc/cache/files/md5")
    for name in fetch.FILES:
        content = gzip.decompress((originals / f"{name}.gz").read_bytes())
        md5 = hashlib.md5(content).hexdigest()
        monkeypatch.setitem(fashion_mnist.MD5, name, md5)
        (cache / md5[:2]).mkdir(parents=True)
        (cache / md5[:2] / md5[2:]).write_bytes(content)
    offline = (failing(AssertionError("asked")), "elsewhere")
    monkeypatch.setattr(fetch, "SOURCES", (*fetch.SOURCES[:2], offline))
    run("auto")
    expect_fetched()
    assert "fetch: from .dvc/cache/files/md5" in capsys.readouterr().out


@published
def test_md5_is_what_dvc_records_of_the_published_files():
    lock = (ROOT / "dvc.lock").read_text()
    for name, md5 in fashion_mnist.MD5.items():
        assert f"path: data/raw/{name}\n      hash: md5\n      md5: {md5}\n" in lock


def test_one_wrong_file_that_is_there_is_replaced(originals, workplace, monkeypatch):
    places = (fetch.SOURCES[0], (sources.from_folder, str(originals)))
    monkeypatch.setattr(fetch, "SOURCES", places)
    write_idx_files(fetch.RAW)
    (fetch.RAW / "t10k-images-idx3-ubyte").write_bytes(b"damaged")
    run("auto")
    expect_fetched()


def test_folder_with_none_of_the_files_is_not_asked(workplace):
    Path("data/raw").mkdir(parents=True)
    Path("data/downloads").mkdir()
    Path("data/downloads/notes.txt").touch()
    assert not any(sources.may_have(*source) for source in fetch.SOURCES[:3])
    Path("data/downloads/t10k-labels-idx1-ubyte.gz").touch()
    assert sources.may_have(*fetch.SOURCES[2])
    assert all(sources.may_have(*source) for source in fetch.SOURCES[4:])


FAILURES = [
    InputError("wrong content"),
    OSError("no connection"),
    EOFError("cut short"),
    gzip.BadGzipFile("damaged"),
    subprocess.TimeoutExpired("apt-get", 120),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_source_that_fails_is_named_and_the_next_one_asked(
    error, originals, workplace, monkeypatch, capsys
):
    places = ((failing(error), "first"), (sources.from_folder, str(originals)))
    monkeypatch.setattr(fetch, "SOURCES", places)
    run("auto")
    expect_fetched()
    assert capsys.readouterr().out.splitlines() == [
        "fetch: from first",
        f"fetch: failed: first: {error}",
        f"fetch: from {originals}",
        "fetch: 4 files in data/raw",
    ]


def test_all_sources_that_fail_are_named_in_one_line_with_a_cure(workplace, monkeypatch):
    many_lines = InputError("first line\nsecond line")
    places = ((failing(many_lines), "first"), (failing(OSError("no connection")), "second"))
    monkeypatch.setattr(fetch, "SOURCES", places)
    with pytest.raises(InputError) as caught:
        run("auto")
    assert str(caught.value) == (
        f"data/raw: expected {', '.join(fetch.FILES)}, found no source that has a good one "
        "(first: first line second line; second: no connection); "
        "put the four .gz files of Fashion-MNIST into data/downloads, then `dvc repro`"
    )


def test_good_files_of_a_source_that_fails_later_are_kept(originals, workplace, monkeypatch):
    asked = []

    def only_the_first(place, name, scratch, limit):
        if name != "train-images-idx3-ubyte":
            raise InputError("not here")
        return sources.from_folder(originals, name, scratch)

    def all_noted(place, name, scratch, limit):
        asked.append(name)
        return sources.from_folder(originals, name, scratch)

    monkeypatch.setattr(fetch, "SOURCES", ((only_the_first, "first"), (all_noted, "second")))
    run("auto")
    expect_fetched()
    assert asked == list(fetch.FILES)[1:]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_disk_is_no_fault_of_a_source(number, originals, workplace, monkeypatch):
    full = failing(OSError(number, os.strerror(number)))
    monkeypatch.setattr(fetch, "SOURCES", ((full, "first"), (sources.from_folder, str(originals))))
    with pytest.raises(OSError, match=f"{os.strerror(number)}: 'data/raw'"):
        run("auto")


def test_other_files_in_downloads_are_not_taken_for_fashion_mnist(workplace, monkeypatch):
    monkeypatch.setattr(fetch, "SOURCES", fetch.SOURCES[:3])
    write_idx_files(Path("data/downloads"))
    with pytest.raises(InputError, match=r"data/downloads: .*expected SHA-256 c59f468a"):
        run("auto")


@pytest.mark.parametrize("compress", [False, True])
def test_own_files_are_taken_as_they_are(compress, workplace):
    write_idx_files(Path("own"), compress=compress)
    run("own/")
    expect_fetched()


def test_folder_without_the_files_is_named_with_a_cure(workplace):
    Path("empty").mkdir()
    with pytest.raises(InputError) as caught:
        run("empty")
    assert str(caught.value).endswith(
        "(empty: no train-images-idx3-ubyte or train-images-idx3-ubyte.gz there); "
        "set fetch.source in params.yaml to the path of a folder that has them"
    )


def test_source_with_a_scheme_is_a_url(workplace, monkeypatch):
    asked = []

    def from_url(base, name, scratch, limit):
        asked.append(base)
        raise OSError("no connection")

    monkeypatch.setattr(sources, "from_url", from_url)
    with pytest.raises(InputError, match=r"https://host/data: no connection"):
        run("https://host/data/")
    assert asked == ["https://host/data"]


@pytest.fixture
def class_folders(workplace):
    """Five slim and five wide images, each in its class's folder."""
    for label, name in enumerate(CLASSES):
        folder = workplace / "own" / name
        folder.mkdir(parents=True)
        for number in range(5):
            image = np.zeros((28, 28), np.uint8)
            image[2:26, 12 - 8 * label : 16 + 8 * label] = 100 + number
            Image.fromarray(image).save(folder / f"{number}.png")
    return workplace / "own"


def test_folders_of_images_become_the_four_files(class_folders):
    run(str(class_folders))
    assert sorted(os.listdir(fetch.RAW)) == sorted(fetch.FILES)
    for part, count in {"train": 8, "t10k": 2}.items():
        images = read_idx(fetch.RAW / f"{part}-images-idx3-ubyte", ndim=3)
        labels = read_idx(fetch.RAW / f"{part}-labels-idx1-ubyte", ndim=1)
        assert np.bincount(labels).tolist() == [count // 2] * 2
        assert (images[:, 14, 8] > 150).tolist() == (labels == 1).tolist()


def test_folder_of_idx_files_is_no_folder_of_images(workplace, class_folders):
    own = write_idx_files(workplace / "idx", compress=True)
    (own / "more").mkdir()
    assert not fetch.is_class_folders(str(own))
    assert not fetch.is_class_folders(str(write_idx_files(workplace / "raw idx")))
    assert not fetch.is_class_folders(str(workplace / "nothing"))
    assert fetch.is_class_folders(str(class_folders))


@pytest.mark.parametrize("source", ["nowhere", "own"])
def test_failure_leaves_former_files_alone_and_nothing_else(source, class_folders):
    (class_folders / "slim" / "0.png").write_bytes(b"no image")
    write_idx_files(fetch.RAW)
    (fetch.PARTIAL / "scratch").mkdir(parents=True)  # of a former process that was killed
    with pytest.raises(InputError):
        run(source)
    expect_fetched()


def test_failed_stage_prints_one_line_and_leaves_former_files_alone(workplace):
    for path in (PARAMS, ROOT / "dvc.yaml"):
        shutil.copy(path, path.name)
    (workplace / "empty").mkdir()
    parameters.edit({"fetch.source": str(workplace / "empty")})
    Path(".dvc").mkdir()
    write_idx_files(fetch.RAW)
    command = [sys.executable, "-m", "stages", "fetch"]
    env = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: data/raw: expected train-images-idx3-ubyte, ")
    expect_fetched()


def test_folder_that_is_none_is_named(workplace):
    fetch.RAW.mkdir(parents=True)
    with pytest.raises(InputError) as caught:
        fetch.main(["a", "b"], fetch.Fetch(source="../onw", test_fraction=0.2))
    assert str(caught.value) == (
        "params.yaml: fetch.source: expected auto, a folder or a URL, "
        f"found no folder '../onw' in {workplace}"
    )
    assert list(fetch.RAW.iterdir()) == []
