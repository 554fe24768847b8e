"""No space, no permission: each stage says so in one line, leaves what was there, then works."""

import os
import re
import resource
import subprocess
import sys

import pytest
from conftest import DVC_YAML, TEACHER

FOLDERS = {  # that a stage writes to, and a limit to the bytes of a file there
    "fetch": ("data/raw", 100_000),
    "preprocess": ("data/processed", 100_000),
    "split": ("data/split", 1000),
    "teach": ("data/teacher", 100_000),
    "train": ("models", 300_000),
    "predict": ("data/predicted", 1000),
    "evaluate": ("reports/evaluate", 3000),
    "export": ("models", 300_000),
    "card": ("reports", 1000),
}
LARGE = {"baseline.units": [128, 8]}  # a model larger than DVC's databases
TAUGHT = {"baseline.shift": 4, "baseline.teacher": TEACHER | {"flip": False, "shift": 4}}
SPACE = """
set -e
export PYTHONDONTWRITEBYTECODE=1  # Python leaves it cut: docs/failures.md has the cure
space=$1  # DVC's own databases are elsewhere, so that it comes as far as the stages
mount -t tmpfs -o size=24m none "$space"
cp -r . "$space"
cd "$space"
git clean -xfdq -e .dvc && rm -rf dvc.lock .dvc/cache .dvc/tmp

lack() {  # leave $1 KiB of space, and run stage $2
  count=$(($(df --output=avail -k . | tail -n 1) - $1))
  dd if=/dev/zero of=.git/filler bs=1K count=$count status=none
  cp dvc.lock .git/before 2>/dev/null || true
  echo "== $2 with $1 KiB"
  if said=$(dvc repro "$2" 2>&1); then echo "worked all the same"; exit 1; fi
  grep -E '^(error|ERROR)|Traceback' <<< "$said"
  if [ -e .git/before ]; then cmp dvc.lock .git/before; else [ ! -e dvc.lock ]; fi
  rm .git/filler
}

leave() {  # the same, then run it again with more space
  lack "$1" "$2"
  dvc repro -q "$2" > /dev/null
}

leave 64 fetch
leave 64 preprocess
dvc repro -q teach > /dev/null
lack 40 train
leave 150 train
dvc repro -q predict > /dev/null
leave 12 evaluate
leave 1000 export
dvc repro -q > /dev/null
git status --porcelain
find . -name '.partial-*' -o -name '*.checkpoint'
python -m tools.verify
"""


def written(copy, name: str) -> dict[str, bytes]:
    """Return what is in the folder that a stage writes to, by name."""
    folder, _ = FOLDERS[name]
    files = (path for path in (copy.folder / folder).iterdir() if path.is_file())
    return {path.name: path.read_bytes() for path in files}


def run_stage(copy, name, site, prefix=(), **options):
    command = [*prefix, sys.executable, "-m", "stages", name]
    env = copy.env | {"DVC_SITE_CACHE_DIR": str(site)}  # empty: DVC's databases are small in it
    env["PYTHONDONTWRITEBYTECODE"] = "1"  # as above
    env["TF_XLA_FLAGS"] = ""  # what XLA keeps for the tests is larger than some limits
    return subprocess.run(
        command, cwd=copy.folder, env=env, capture_output=True, text=True, **options
    )


def fails_in_one_line(done, reason: str) -> bool:
    line = rf"error: \[Errno \d+\] {reason}: '.+'; nothing is half-written: .+, then `dvc repro`\n"
    return done.returncode == 1 and bool(re.fullmatch(line, done.stderr))


def test_folders_are_those_of_all_stages_that_write():
    writing = [name for name, stage in DVC_YAML["stages"].items() if "outs" in stage]
    assert list(FOLDERS) == writing


@pytest.mark.parametrize("name", FOLDERS)
def test_file_that_grows_too_large(name, copy, tmp_path):
    """A limit on the size of a file: as on a full disk, it fails midway."""
    copy.set(TAUGHT if name == "teach" else LARGE)
    before = written(copy, name)
    _, limit = FOLDERS[name]

    def set_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = run_stage(copy, name, tmp_path, preexec_fn=set_limit)
    assert fails_in_one_line(done, "File too large"), done.stderr
    assert written(copy, name) == before
    copy.sh("git checkout -q .")


@pytest.mark.parametrize("name", FOLDERS)
def test_folder_without_permission(name, copy, tmp_path):
    before = written(copy, name)
    folder = copy.folder / FOLDERS[name][0]
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    without_override = ["--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    is_root = os.geteuid() == 0  # who may write everywhere, unless he gives that up
    try:
        done = run_stage(copy, name, tmp_path, ["setpriv", *without_override] if is_root else [])
    finally:
        folder.chmod(mode)
    assert fails_in_one_line(done, "Permission denied"), done.stderr
    assert written(copy, name) == before
    copy.sh("git checkout -q .")


def test_all_is_as_before_after_these_failures(copy):
    """What the stages above had already made anew, such as curves, is put back."""
    assert copy.repro_heavy() == []
    assert copy.sh("git status --porcelain").stdout == ""
    assert copy.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")


@pytest.mark.slow
def test_full_disk(copy, tmp_path):
    """In a file system of its own, of a few MiB: each stage fails, is cured, and works.

    So does a checkpoint.
    """
    copy.set({"baseline.epochs": 60, "baseline.patience": 60})
    checkpoint = copy.folder / "classifier/training/checkpoint.py"
    text = checkpoint.read_text(encoding="utf-8")
    assert "MIN_SECONDS = 2.0" in text
    often = text.replace("MIN_SECONDS = 2.0", "MIN_SECONDS = 0.1")
    checkpoint.write_text(often, encoding="utf-8")
    copy.sh("git commit -qam 'longer, with checkpoints more often'")
    may = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*may, "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a file system of his own")
    command = [*may, "bash", "-c", SPACE, "bash", tmp_path]
    done = subprocess.run(command, cwd=copy.folder, env=copy.env, capture_output=True, text=True)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
