"""A tiny learnable data set, in files by a second implementation, and a copy of the project."""

import fcntl
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from classifier import parameters
from classifier.datasets.description import FILES
from classifier.images.preparation import Preparation

ROOT = Path(__file__).parents[1]
PREDICTIONS = "reports/evaluate/predictions.csv"
PARAMS = ROOT / "tests" / "params.yaml"  # the published ones, whatever the project's own are
DVC_YAML = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
ORDER = list(DVC_YAML["stages"])
LIGHT = {
    "card",
    "gate",
}  # DVC keeps no former runs of these: they run again, in a fraction of a second
NAMES = YAML(typ="safe").load((ROOT / "data" / "fashion_mnist.yaml").read_text("utf-8"))["classes"]
CLASS_COUNT = len(NAMES)
GARMENT = Preparation(size=[28, 28], color="grey", framing="garment")


TEACHER = {  # of a recipe in params.yaml, small, and for a backend of any kind
    "network": "convolutional",
    "filters": [8],
    "activation": "relu",
    "optimizer": "adam",
    "learning_rate": 0.001,
    "batch_size": 64,
    "epochs": 1,
    "dtype": "mixed_bfloat16",
    "flip": True,
    "shift": 1,
    "flip_averaging": True,
}


def make_images(per_class: int, seed: int):
    """Return uint8 images (n, 28, 28, 1) and labels (n,): class c is bright in its own two rows."""
    generator = np.random.default_rng(seed)
    labels = np.tile(np.arange(CLASS_COUNT, dtype=np.uint8), per_class)
    images = generator.integers(0, 60, (len(labels), 28, 28, 1), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2] += 180
    return images, labels


def idx_bytes(array) -> bytes:
    """Return `array`, uint8, in the IDX format; images of one channel have three dimensions."""
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_idx_files(folder, train_per_class=20, test_per_class=5, compress=False):
    """Write the four files of a data set into `folder`, described by small.yaml, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    train, test = make_images(train_per_class, seed=1), make_images(test_per_class, seed=2)
    for name, array in zip(FILES.values(), (*train, *test), strict=True):
        content = idx_bytes(array)
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    describe(folder / "small.yaml", places=["."])
    return folder


def describe(path: Path, **values) -> Path:
    """Write a description of a small data set, without hashes; return its path."""
    files = {role: {"name": name} for role, name in FILES.items()}
    content = {"name": "a small set", "classes": NAMES, "files": files} | values
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(content, file)
    return path


def is_published() -> bool:
    """Whether params.yaml is the published one; else figures on the pages are of another run."""
    own = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    return own == YAML(typ="safe").load(PARAMS.read_text(encoding="utf-8"))


published = pytest.mark.skipif(not is_published(), reason="params.yaml is not the published one")


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pytest_configure(config):
    """Let XLA keep what it compiles while the tests run: they train the same networks many times.

    pytest's workers, and what they start, find the variable in their environment.
    """
    if not hasattr(config, "workerinput"):
        config.compiled = tempfile.mkdtemp(prefix="compiled-")
        kept = f"--tf_xla_persistent_cache_directory={config.compiled}"
        kinds = "--tf_xla_persistent_cache_device_types=XLA_CPU_JIT,CPU"
        os.environ["TF_XLA_FLAGS"] = f"{kept} {kinds}"


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        shutil.rmtree(config.compiled)


def pytest_collection_modifyitems(items):
    """Mark what runs no real dvc and takes no minutes: `pytest -m quick`."""
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if "original" not in item.fixturenames and not marks & {"long", "slow", "extras"}:
            item.add_marker("quick")


def pytest_addoption(parser):
    parser.addoption(
        "--faults",
        type=int,
        default=1,
        help="how many runs test_faults.py ends at random moments; at most 40",
    )
    parser.addoption(
        "--trials",
        type=int,
        default=0,
        help="how many test_search.py trains with three workers, by default none",
    )


class Copy:
    """A Git repository of the project's files in a folder, with its own cache."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.env = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_SITE_CACHE_DIR": str(folder.parent / "site"),
        }

    def sh(self, command: str, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0 or not check, f"$ {command}\n{done.stdout}"
        return done

    def repro(self) -> list[str]:
        """Run `dvc repro` and return the stages that ran."""
        return re.findall(r"Running stage '(\w+)'", self.sh("dvc repro").stdout)

    def repro_heavy(self) -> list[str]:
        """Run `dvc repro` and return the stages that ran, without the light ones."""
        return [name for name in self.repro() if name not in LIGHT]

    def set(self, values: dict) -> None:
        """Set knobs in params.yaml by their keys: `copy.set({"train.seed": 7})`."""
        parameters.edit(values, self.folder / "params.yaml")

    def mistake(self, count: int) -> None:
        """Let the predictions be those of a model that takes so many more images for others."""
        path = self.folder / PREDICTIONS
        table = pd.read_csv(path, index_col="index")
        right = table.index[table["actual"] == table["predicted"]][:count]
        table.loc[right, "predicted"] = (table.loc[right, "actual"] + 1) % CLASS_COUNT
        path.unlink()  # it may be a link into the cache
        table.to_csv(path)
        self.sh("dvc commit -q -f evaluate")

    def undo(self) -> None:
        self.sh("git checkout -q params.yaml")


@pytest.fixture(scope="session")
def original(tmp_path_factory, worker_id):
    """What `make_original` makes, once for all of pytest's workers."""
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "an original with spaces"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "made").exists():
            make_original(place / "project")
            (place / "made").touch()
    return Copy(place / "project")


def make_original(folder: Path) -> None:
    """Copy the working tree, with small data and a small network, and run it once."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "dvc.lock").unlink()
    shutil.copy(PARAMS, folder / "params.yaml")
    copy = Copy(folder)
    source = write_idx_files(folder.parent / "source", compress=True)
    write_idx_files(folder.parent / "same files")
    small = {"baseline.units": [16, 8], "baseline.epochs": 2}
    copy.set({"fetch.source": str(source / "small.yaml")} | small)
    copy.sh("git init -q . && git config user.email a@b && git config user.name a")
    copy.sh("git add -A && git commit -qm start")
    assert copy.repro() == ORDER
    assert copy.sh("dvc status").stdout.strip().endswith("Data and pipelines are up to date.")
    copy.sh("git add -A && git commit -qm run")


@pytest.fixture(scope="module")
def copy(original, tmp_path_factory):
    """A copy of `original`, for the tests of one file."""
    folder = tmp_path_factory.mktemp("a copy with spaces") / "project"
    shutil.copytree(original.folder, folder, symlinks=True)
    return Copy(folder)


@pytest.fixture
def fresh(original, tmp_path):
    """A copy of `original`, for one test."""
    folder = tmp_path / "a place with spaces" / "project"
    shutil.copytree(original.folder, folder, symlinks=True)
    return Copy(folder)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with what the demo needs."""
    from demo_process import write_project

    return write_project(tmp_path_factory.mktemp("a place with spaces"))


@pytest.fixture(scope="module")
def served(project):
    """The demo at work in that folder."""
    from demo_process import demo

    with demo(project) as started:
        yield started
