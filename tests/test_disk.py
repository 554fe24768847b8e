"""No space, no permission: each stage says so in one line, leaves what was there, and works once it is cured."""

import os
import re
import resource
import subprocess
import sys

import pytest

FOLDERS = {
    "fetch": "data/raw",
    "preprocess": "data/processed",
    "split": "data/split",
    "train": "models",
    "evaluate": "reports/evaluate",
    "export": "models",
    "card": "reports",
}
LIMITS = {  # bytes a file
    "fetch": 100_000,
    "preprocess": 100_000,
    "split": 1000,
    "train": 300_000,
    "evaluate": 3000,
    "export": 300_000,
    "card": 1000,
}
SPACE = """
set -e
space=$1  # DVC's own databases are elsewhere, so that it comes as far as the stages
mount -t tmpfs -o size=24m none "$space"
cp -r . "$space"
cd "$space"
git clean -xfdq -e .dvc && rm -rf dvc.lock .dvc/cache .dvc/tmp

leave() {  # $1 KiB of space, run stage $2, then free the rest and run it again
  dd if=/dev/zero of=.git/filler bs=1K count=$(($(df --output=avail -k . | tail -n 1) - $1)) status=none
  cp dvc.lock .git/before 2>/dev/null || true
  echo "== $2 with $1 KiB"
  if said=$(dvc repro "$2" 2>&1); then echo "worked all the same"; exit 1; fi
  grep -E '^(error|ERROR)|Traceback' <<< "$said"
  if [ -e .git/before ]; then cmp dvc.lock .git/before; else [ ! -e dvc.lock ]; fi
  rm .git/filler
  dvc repro -q "$2" > /dev/null
}

leave 64 fetch
leave 64 preprocess
dvc repro -q split > /dev/null
leave 40 train
sed -i 's/epochs: 2 /epochs: 400 /; s/patience: 3 /patience: 400 /' params.yaml
leave 150 train
git checkout -q params.yaml && dvc repro -q train > /dev/null
leave 12 evaluate
leave 1000 export
dvc repro -q > /dev/null
git status --porcelain
find . -name '.partial-*' -o -name '*.checkpoint'
python -m tools.verify
"""


def written(copy, name) -> dict:
    """What is in the folder that a stage writes to, by name."""
    return {path.name: path.read_bytes() for path in (copy.folder / FOLDERS[name]).iterdir() if path.is_file()}


def run_stage(copy, name, site, prefix=(), **options):
    command = [*prefix, sys.executable, "-m", f"stages.{name}"]
    env = copy.env | {"DVC_SITE_CACHE_DIR": str(site)}  # an empty folder: DVC's databases are small in there
    return subprocess.run(command, cwd=copy.folder, env=env, capture_output=True, text=True, **options)


def fails_in_one_line(done, reason: str) -> bool:
    line = rf"error: \[Errno \d+\] {reason}: '.+'; nothing is half-written: .+, then `dvc repro`\n"
    return done.returncode == 1 and bool(re.fullmatch(line, done.stderr))


@pytest.mark.parametrize("name", FOLDERS)
def test_file_that_grows_too_large(name, copy, tmp_path):
    """A limit on the size of a file: as on a full disk, it fails midway."""
    copy.edit("units: [16, 8]", "units: [128, 8]")  # a model larger than DVC's databases
    before, limit = written(copy, name), (LIMITS[name], LIMITS[name])
    done = run_stage(copy, name, tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    assert fails_in_one_line(done, "File too large"), done.stderr
    assert written(copy, name) == before
    copy.sh("git checkout -q . && dvc checkout -q -f")


@pytest.mark.parametrize("name", FOLDERS)
def test_folder_without_permission(name, copy, tmp_path):
    folder, before = copy.folder / FOLDERS[name], written(copy, name)
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    # root may write everywhere, unless it gives that up
    prefix = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    try:
        done = run_stage(copy, name, tmp_path, prefix)
    finally:
        folder.chmod(mode)
    assert fails_in_one_line(done, "Permission denied"), done.stderr
    assert written(copy, name) == before
    copy.sh("git checkout -q . && dvc checkout -q -f")


def test_full_disk(copy, tmp_path):
    """In a file system of its own, of a few MiB: each stage, a checkpoint included, fails, is cured, and works."""
    may = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*may, "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a file system of his own")
    done = subprocess.run(
        [*may, "bash", "-c", SPACE, "bash", tmp_path], cwd=copy.folder, env=copy.env, capture_output=True, text=True
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0
