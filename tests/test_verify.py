"""Verify: whatever byte is changed, it is found, and the cure that it names is one."""

import json
import os
import re

import pytest

RAW, ARRAY, MODEL = "data/raw/t10k-labels-idx1-ubyte", "data/processed/train_images.npy", "models/model.keras"
CURVE = "reports/train/plots/metrics/val_loss.tsv"


def flip_a_byte(path):
    """Change a byte in place, as decay does: size, mode and times stay."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def recorded(copy, name: str) -> str:
    """The hash that dvc.lock has for an out."""
    return re.search(rf"path: {re.escape(name)}\n +hash: md5\n +md5: (\S+)", (copy.folder / "dvc.lock").read_text())[1]


def object_of(copy, name: str):
    value = recorded(copy, name)
    return copy.folder / ".dvc/cache/files/md5" / value[:2] / value[2:]


def curve_object(copy):
    listing = json.loads(object_of(copy, "reports/train/plots").read_bytes())
    (value,) = [item["md5"] for item in listing if item["relpath"] == "metrics/val_loss.tsv"]
    return copy.folder / ".dvc/cache/files/md5" / value[:2] / value[2:]


def test_untouched_project_is_whole(copy):
    done = copy.sh("python -m tools.verify")
    assert re.fullmatch(r"verify: \d+ files read, 0 damaged\n", done.stdout)


@pytest.mark.parametrize(
    "find",
    [
        *(lambda copy, name=name: copy.folder / name for name in (RAW, ARRAY, MODEL, CURVE)),
        lambda copy: copy.folder / "reports/evaluate/metrics.json",
        *(lambda copy, name=name: object_of(copy, name) for name in (RAW, ARRAY, MODEL, "reports/train/plots")),
        curve_object,
    ],
    ids=[
        "raw",
        "array",
        "model",
        "curve",
        "metrics",
        "raw cached",
        "array cached",
        "model cached",
        "listing",
        "curve cached",
    ],
)
def test_flipped_byte_is_found_and_the_named_command_repairs_it(copy, find):
    path = find(copy)
    whole = path.read_bytes()
    flip_a_byte(path)
    done = copy.sh("python -m tools.verify", check=False)
    assert done.returncode == 1
    damaged, total = done.stdout.splitlines()
    assert damaged.startswith(f"{path.relative_to(copy.folder)}: expected MD5 ")
    assert total.endswith("1 damaged")
    copy.sh(re.search("run `(.*?)`", damaged)[1])
    assert path.read_bytes() == whole
    assert copy.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")
    assert copy.repro() == []
    assert copy.sh("git status --porcelain").stdout == ""


def test_lost_file_is_found(copy):
    (copy.folder / MODEL).unlink()
    done = copy.sh("python -m tools.verify", check=False)
    assert f"{MODEL}: expected MD5 {recorded(copy, MODEL)}, received no file" in done.stdout
    copy.sh("dvc checkout -q")


def test_empty_record_of_a_run_is_found_and_the_named_command_repairs_it(copy):
    """What a kill leaves between two of DVC's system calls; then DVC fails when it looks for that run."""
    runs = copy.folder / ".dvc" / "cache" / "runs"
    (record,) = (path for path in runs.rglob("*") if path.is_file() and "m stages.split" in path.read_text())
    record.unlink()
    copy.sh("rm dvc.lock")
    assert "failed to reproduce 'split'" in copy.sh("dvc repro", check=False).stdout
    copy.sh("git checkout -q dvc.lock && dvc checkout -q")
    folder = record.parent.relative_to(copy.folder)
    found = copy.sh("python -m tools.verify", check=False).stdout.splitlines()
    assert found[0] == f"{folder}: expected the record of a run, found an empty folder; run `rmdir {folder}`"
    assert found[1].endswith("1 damaged")
    copy.sh(f"rmdir {folder} && rm dvc.lock")
    assert "split" in copy.repro()
    assert copy.sh("git status --porcelain").stdout == ""
