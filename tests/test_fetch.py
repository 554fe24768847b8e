"""Fetching: sources are asked in turn, what is found is checked, a failure changes nothing."""

import errno
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import GARMENT, NAMES, PARAMS, ROOT, describe, make_images, write_idx_files
from PIL import Image

from classifier import parameters
from classifier.datasets import description, sources
from classifier.datasets.description import FILES
from classifier.errors import InputError
from classifier.images.idx import read_images, read_labels
from stages import fetch
from stages.fetch import Fetch

CLASSES = ["slim", "wide"]
FASHION_MNIST = description.read(ROOT / "data" / "fashion_mnist.yaml")


@pytest.fixture
def originals(tmp_path):
    """A folder of four small files, and known.yaml beside it, which describes their content."""
    folder = write_idx_files(tmp_path / "originals", compress=True)
    files = {}
    for role, name in FILES.items():
        content = gzip.decompress((folder / f"{name}.gz").read_bytes())
        files[role] = {
            "name": name,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "md5": hashlib.md5(content).hexdigest(),
        }
    describe(tmp_path / "known.yaml", name="Known", files=files, places=["downloads"])
    return folder


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty working directory, beside the originals."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def places(monkeypatch):
    """Return a function that sets the sources that are asked."""

    def set_places(*pairs):
        monkeypatch.setattr(sources, "places_of", lambda *_: list(pairs))

    return set_places


def failing(error: Exception):
    """A way to get a file that only fails."""

    def get(place, file, scratch):
        raise error

    return get


def run(source="../known.yaml", images=GARMENT, skip_damaged=False) -> None:
    options = Fetch(source=str(source), test_fraction=0.2, skip_damaged=skip_damaged)
    fetch.main(fetch=options, images=images)


def expect_fetched(folder=fetch.RAW):
    """Assert that the small data, and nothing else, are where the next stage reads them."""
    assert sorted(os.listdir(folder)) == sorted(fetch.NAMES)
    for part, name, size, seed in (("train", "train", 20, 1), ("test", "t10k", 5, 2)):
        images, labels = make_images(size, seed)
        received = read_images(folder / f"{name}-images-idx3-ubyte")
        np.testing.assert_array_equal(received, images, part)
        np.testing.assert_array_equal(read_labels(folder / f"{name}-labels-idx1-ubyte"), labels)


def test_sources_are_what_is_there_the_places_described_and_the_package():
    present, cached, *folders_and_urls, last = sources.places_of(FASHION_MNIST, Path("data/raw"))
    assert present == (sources.from_folder, "data/raw")
    assert cached == (sources.from_cache, ".dvc/cache/files/md5")
    assert folders_and_urls[:2] == [
        (sources.from_folder, str(ROOT / "data" / "downloads")),
        (sources.from_folder, "/usr/share/datasets/fashion-mnist"),
    ]
    assert [get for get, _ in folders_and_urls[2:]] == [sources.from_url] * 3
    assert last == (sources.from_package, "dataset-fashion-mnist")


def test_what_is_there_is_no_source_where_its_content_is_not_known(originals):
    small = description.read(originals / "small.yaml")
    assert sources.places_of(small, Path("data/raw")) == [(sources.from_folder, f"{originals}/.")]


def test_places_of_a_description_are_beside_it(originals, workplace):
    originals.rename("../downloads")
    run()
    expect_fetched()
    assert json.loads((fetch.RAW / "classes.json").read_text()) == NAMES
    assert json.loads((fetch.RAW / "about.json").read_text()) == {"name": "Known"}


def test_files_that_are_there_and_right_are_the_first_source(originals, workplace, capsys):
    write_idx_files(fetch.RAW)
    (fetch.RAW / "small.yaml").unlink()
    run()
    expect_fetched()
    assert capsys.readouterr().out.splitlines() == [
        "fetch: from data/raw",
        "fetch: 7 files in data/raw",
    ]


def test_files_that_dvc_has_in_its_cache_are_the_second_source(originals, workplace, capsys):
    """It deletes them in data/raw before the stage runs."""
    cache = Path(".dvc/cache/files/md5")
    for name in FILES.values():
        content = gzip.decompress((originals / f"{name}.gz").read_bytes())
        md5 = hashlib.md5(content).hexdigest()
        (cache / md5[:2]).mkdir(parents=True)
        (cache / md5[:2] / md5[2:]).write_bytes(content)
    run()
    expect_fetched()
    assert "fetch: from .dvc/cache/files/md5" in capsys.readouterr().out


def test_md5_is_what_dvc_records_of_the_published_files():
    lock = (ROOT / "dvc.lock").read_text()
    if "path: data/fashion_mnist.yaml" not in lock:
        pytest.skip("dvc.lock is of other data")
    for role, name in FILES.items():
        md5 = getattr(FASHION_MNIST.files, role).md5
        assert f"path: data/raw/{name}\n      hash: md5\n      md5: {md5}\n" in lock


def test_one_wrong_file_that_is_there_is_replaced(originals, workplace):
    originals.rename("../downloads")
    write_idx_files(fetch.RAW)
    (fetch.RAW / "small.yaml").unlink()
    (fetch.RAW / "t10k-images-idx3-ubyte").write_bytes(b"damaged")
    run()
    expect_fetched()


def test_folder_with_none_of_the_files_is_not_asked(workplace):
    Path("downloads").mkdir()
    Path("downloads/notes.txt").touch()
    assert not sources.may_have(sources.from_folder, "downloads", FASHION_MNIST)
    Path("downloads/t10k-labels-idx1-ubyte.gz").touch()
    assert sources.may_have(sources.from_folder, "downloads", FASHION_MNIST)
    assert sources.may_have(sources.from_url, "https://host", FASHION_MNIST)


FAILURES = [
    InputError("wrong content"),
    OSError("no connection"),
    EOFError("cut short"),
    gzip.BadGzipFile("damaged"),
    subprocess.TimeoutExpired("apt-get", 120),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_source_that_fails_is_named_and_the_next_one_asked(
    error, originals, workplace, places, capsys
):
    places((failing(error), "first"), (sources.from_folder, str(originals)))
    run()
    expect_fetched()
    assert capsys.readouterr().out.splitlines() == [
        "fetch: from first",
        f"fetch: failed: first: {error}",
        f"fetch: from {originals}",
        "fetch: 7 files in data/raw",
    ]


def test_all_sources_that_fail_are_named_in_one_line_with_a_cure(originals, workplace, places):
    many_lines = InputError("first line\nsecond line")
    places((failing(many_lines), "first"), (failing(OSError("no connection")), "second"))
    with pytest.raises(InputError) as caught:
        run()
    assert str(caught.value) == (
        f"Known: expected {', '.join(FILES.values())}, found no source that has a good one "
        "(first: first line second line; second: no connection); "
        "put them, as they are or as .gz, into ../downloads, then `dvc repro`"
    )


def test_good_files_of_a_source_that_fails_later_are_kept(originals, workplace, places):
    asked = []

    def only_the_first(place, file, scratch):
        if file.name != "train-images-idx3-ubyte":
            raise InputError("not here")
        return sources.from_folder(originals, file, scratch)

    def all_noted(place, file, scratch):
        asked.append(file.name)
        return sources.from_folder(originals, file, scratch)

    places((only_the_first, "first"), (all_noted, "second"))
    run()
    expect_fetched()
    assert asked == list(FILES.values())[1:]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_disk_is_no_fault_of_a_source(number, originals, workplace, places):
    full = failing(OSError(number, os.strerror(number)))
    places((full, "first"), (sources.from_folder, str(originals)))
    with pytest.raises(OSError, match=f"{os.strerror(number)}: 'data/raw'"):
        run()


@pytest.mark.parametrize("compress", [False, True])
def test_files_that_no_hash_describes_are_taken_as_they_are(compress, workplace):
    write_idx_files(Path("own"), compress=compress)
    run("own/small.yaml")
    expect_fetched()


def test_emnist_is_brought_to_the_form_of_all(workplace):
    """Its images have rows and columns exchanged, and its labels begin at 1."""
    own = write_idx_files(Path("own"))
    for name in ("train", "t10k"):
        path = own / f"{name}-images-idx3-ubyte"
        images = np.array(read_images(path)[..., 0])
        path.write_bytes(path.read_bytes()[:16] + images.swapaxes(1, 2).tobytes())
        path = own / f"{name}-labels-idx1-ubyte"
        path.write_bytes(path.read_bytes()[:8] + (np.array(read_labels(path)) + 1).tobytes())
    describe(own / "emnist.yaml", places=["."], transposed=True, first_label=1)
    run("own/emnist.yaml")
    expect_fetched()


def test_labels_below_the_first_one_are_named(workplace):
    own = write_idx_files(Path("own"))
    describe(own / "emnist.yaml", places=["."], first_label=1)
    with pytest.raises(InputError, match="expected labels from 1 to 256, received 0 to 9"):
        run("own/emnist.yaml")


@pytest.mark.parametrize("change", [{"size": [28, 27]}, {"color": "rgb", "framing": "pad"}])
def test_images_of_another_size_or_color_are_named_with_the_right_ones(change, workplace):
    write_idx_files(Path("own"))
    with pytest.raises(InputError) as caught:
        run("own/small.yaml", GARMENT.model_copy(update=change))
    expected = "params.yaml: images: expected size [28, 28] and color grey, as own/small.yaml has"
    assert str(caught.value).startswith(f"{expected}, received ")


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


def test_folders_of_images_become_the_four_files(class_folders, capsys):
    (class_folders / "wide" / "Thumbs.db").write_bytes(b"no image")
    run(class_folders)
    assert sorted(os.listdir(fetch.RAW)) == sorted(fetch.NAMES)
    for part, count in {"train": 8, "t10k": 2}.items():
        images = read_images(fetch.RAW / f"{part}-images-idx3-ubyte")
        labels = read_labels(fetch.RAW / f"{part}-labels-idx1-ubyte")
        assert np.bincount(labels).tolist() == [count // 2] * 2
        assert (images[:, 14, 8, 0] > 150).tolist() == (labels == 1).tolist()
    assert json.loads((fetch.RAW / "classes.json").read_text()) == CLASSES
    assert json.loads((fetch.RAW / "about.json").read_text()) == {"name": "own"}
    header, *rows = (fetch.RAW / "files.csv").read_text().splitlines()
    assert header == "set,row,file,mode,width,height"
    assert len(rows) == 10
    assert rows[0].startswith("train,0,")
    assert rows[0].endswith(".png,L,28,28")
    assert capsys.readouterr().out.splitlines() == [
        f"fetch: {class_folders}: a folder a class, 2 classes",
        "fetch: left out, no images: 1 .db",
        "fetch: 7 files in data/raw",
    ]


def test_damaged_images_are_all_named_and_end_the_stage_unless_they_are_skipped(
    class_folders, capsys
):
    (class_folders / "slim" / "0.png").write_bytes(b"no image")
    (class_folders / "wide" / "1.png").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        run(class_folders)
    assert str(caught.value) == (
        f"{class_folders}: expected images, received 2 that cannot be used, listed above; "
        "mend or remove them, or set fetch.skip_damaged: true in params.yaml"
    )
    assert not fetch.RAW.joinpath("classes.json").exists()
    run(class_folders, skip_damaged=True)
    said = capsys.readouterr().out
    for name, reason in (("slim/0.png", "another kind of file"), ("wide/1.png", "an empty file")):
        assert said.count(f"fetch: {class_folders / name}: expected an image") == 2
        assert said.count(reason) == 2
    labels = [fetch.RAW / f"{part}-labels-idx1-ubyte" for part in ("train", "t10k")]
    assert sum(len(read_labels(path)) for path in labels) == 8
    assert len((fetch.RAW / "files.csv").read_text().splitlines()) == 9


@pytest.mark.parametrize("source", ["nowhere", "own"])
def test_failure_leaves_former_files_alone_and_nothing_else(source, class_folders):
    (class_folders / "slim" / "0.png").write_bytes(b"no image")
    write_idx_files(Path("former"))
    run("former/small.yaml")
    (fetch.PARTIAL / "scratch").mkdir(parents=True)  # of a former process that was killed
    with pytest.raises(InputError):
        run(source)
    expect_fetched()


def test_failed_stage_prints_one_line_and_leaves_former_files_alone(workplace):
    for path in (PARAMS, ROOT / "dvc.yaml"):
        shutil.copy(path, path.name)
    write_idx_files(Path("former"))
    run("former/small.yaml")
    (workplace / "empty").mkdir()
    parameters.edit({"fetch.source": str(workplace / "empty")})
    Path(".dvc").mkdir()
    command = [sys.executable, "-m", "stages", "fetch"]
    env = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    cure = "docs/your-data.md has the layouts"
    assert (
        done.stderr == f"error: {workplace}/empty: expected 2 to 256 classes, found none; {cure}\n"
    )
    expect_fetched()


def test_source_that_is_not_there_is_named(workplace):
    fetch.RAW.mkdir(parents=True)
    with pytest.raises(InputError) as caught:
        run("../onw")
    assert str(caught.value) == (
        "params.yaml: fetch.source: expected the description of a data set, or a folder of "
        f"images, found no '../onw' in {workplace}"
    )
    assert list(fetch.RAW.iterdir()) == []
