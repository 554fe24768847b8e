"""Verify: whatever byte is changed, it is found, and the cure that it names is one."""

import json
import os
import re

import pytest

from classifier.process.lock import held

RAW = "data/raw/t10k-labels-idx1-ubyte"
ARRAY = "data/processed/train_images.npy"
MODEL = "models/model.keras"
ROWS = "data/split/val_indices.npy"
PLOTS = "reports/train/plots"
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
    lock = (copy.folder / "dvc.lock").read_text()
    return re.search(rf"path: {re.escape(name)}\n +hash: md5\n +md5: (\S+)", lock)[1]


def object_of(copy, name: str):
    value = recorded(copy, name)
    return copy.folder / ".dvc/cache/files/md5" / value[:2] / value[2:]


def curve_object(copy):
    listing = json.loads(object_of(copy, PLOTS).read_bytes())
    (value,) = [item["md5"] for item in listing if item["relpath"] == "metrics/val_loss.tsv"]
    return copy.folder / ".dvc/cache/files/md5" / value[:2] / value[2:]


def test_untouched_project_is_whole(copy):
    done = copy.sh("python -m tools.verify")
    assert re.fullmatch(r"verify: \d+ files read, 0 damaged\n", done.stdout)


PLACES = {  # that are damaged together, for no one's cure needs another one whole
    "workspace": [
        lambda copy: copy.folder / RAW,
        lambda copy: copy.folder / ARRAY,
        lambda copy: copy.folder / MODEL,
        lambda copy: copy.folder / CURVE,
        lambda copy: copy.folder / "reports/evaluate/metrics.json",
    ],
    "cache": [
        lambda copy: object_of(copy, RAW),
        lambda copy: object_of(copy, ARRAY),
        lambda copy: object_of(copy, MODEL),
        curve_object,
    ],
    "listing of a folder": [lambda copy: object_of(copy, PLOTS)],
}


@pytest.mark.parametrize("place", PLACES)
def test_flipped_bytes_are_found_and_the_named_commands_repair_them(copy, place):
    paths = [find(copy) for find in PLACES[place]]
    whole = [path.read_bytes() for path in paths]
    for path in paths:
        flip_a_byte(path)
    done = copy.sh("python -m tools.verify", check=False)
    assert done.returncode == 1
    *damaged, total = done.stdout.splitlines()
    assert total.endswith(f" {len(paths)} damaged")
    named = {line.split(": expected MD5 ")[0]: line for line in damaged}
    assert len(named) == len(damaged) == len(paths)
    for path, content in zip(paths, whole, strict=True):
        line = named[str(path.relative_to(copy.folder))]
        copy.sh(re.search("run `(.*?)`", line)[1])
        assert path.read_bytes() == content
    assert copy.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")
    assert copy.repro() == []
    assert copy.sh("git status --porcelain").stdout == ""


def test_lost_file_is_found(copy):
    (copy.folder / MODEL).unlink()
    done = copy.sh("python -m tools.verify", check=False)
    assert f"{MODEL}: expected MD5 {recorded(copy, MODEL)}, received no file" in done.stdout
    copy.sh("dvc checkout -q")


def test_empty_record_of_a_run_is_found_and_the_named_command_repairs_it(copy):
    """What a kill leaves between two of DVC's system calls; DVC fails when it comes upon it."""
    runs = copy.folder / ".dvc" / "cache" / "runs"
    records = (path for path in runs.rglob("*") if path.is_file())
    (record,) = (path for path in records if "m stages split" in path.read_text())
    record.unlink()
    copy.sh("rm dvc.lock")
    assert "failed to reproduce 'split'" in copy.sh("dvc repro", check=False).stdout
    copy.sh("git checkout -q dvc.lock && dvc checkout -q")
    folder = record.parent.relative_to(copy.folder)
    found, total = copy.sh("python -m tools.verify", check=False).stdout.splitlines()
    expected = "expected the record of a run, found an empty folder"
    assert found == f"{folder}: {expected}; run `rmdir {folder}`"
    assert total.endswith("1 damaged")
    copy.sh(f"rmdir {folder} && rm dvc.lock")
    assert "split" in copy.repro()
    assert copy.sh("git status --porcelain").stdout == ""


def verify(copy) -> list[str]:
    """Return what verify says, which ends with 1 where anything is wrong."""
    done = copy.sh("python -m tools.verify", check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == (not lines[-1].endswith(" 0 damaged"))
    return lines


SITUATIONS = {  # what is done to a whole project, what is said of it, what cures it
    "a fresh clone": (
        "git clean -qfdx -e .dvc && mkdir ../store && mv .dvc/cache/files ../store && "
        "rm -r .dvc/cache && dvc remote add -q --local -d store ../store",
        "nothing of dvc.lock's outputs is here yet; run `dvc pull` or `dvc repro`",
        "dvc pull",
    ),
    "a fresh clone beside a full cache": (
        "git clean -qfdx -e .dvc",
        r"\d\d files: expected here, found in DVC's cache alone; run `dvc checkout`",
        "dvc checkout",
    ),
    "a lost cache": (
        "rm -rf .dvc/cache",
        r"\d\d files: expected in DVC's cache, found here alone; run `dvc commit`",
        "dvc commit",
    ),
    "lost files of both": (
        f"rm {ROWS} KEPT",
        rf"1 files, such as {ROWS}: expected here or in DVC's cache; run `dvc pull` or .*",
        "dvc repro",
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_just_not_there_is_said_in_a_line_with_its_cure(situation, copy):
    damage, expected, cure = SITUATIONS[situation]
    kept = object_of(copy, ROWS).relative_to(copy.folder)
    copy.sh(damage.replace("KEPT", str(kept)))
    *lines, total = verify(copy)
    listings = [line for line in lines if ".dir: expected MD5" in line]
    (line,) = set(lines) - set(listings)
    assert re.fullmatch(expected, line)
    assert total.endswith(f" {len(lines)} damaged")
    copy.sh(cure)
    assert verify(copy)[0].endswith(" 0 damaged")
    assert copy.sh("git status --porcelain").stdout == ""


def test_what_a_running_stage_writes_is_not_checked(copy):
    """A lock is held and a model is gone, as while DVC runs the training."""
    model = copy.folder / MODEL
    content = model.read_bytes()
    model.unlink()
    (copy.folder / CURVE).unlink()
    with held(copy.folder / ".dvc/tmp/train.lock", "train stage"):
        said, total = verify(copy)
    assert said == "verify: the stage train runs: what it writes is not checked"
    assert total.endswith(" 0 damaged")
    copy.sh("dvc checkout -q")
    assert model.read_bytes() == content
    assert len(verify(copy)) == 1


def test_edit_between_a_stage_and_dvc_is_found_and_the_named_command_cures_it(copy):
    """DVC hashes parameters some milliseconds after the stage has ended: here, an edit later."""
    text = (copy.folder / "dvc.yaml").read_text()
    edit = "sed -i /val_fraction/s/0.1/0.2/ params.yaml"
    (copy.folder / "dvc.yaml").write_text(text.replace("stages split\n", f"stages split; {edit}\n"))
    copy.set({"split.seed": 5})
    copy.sh("dvc repro split")
    assert "val_fraction: 0.2" in (copy.folder / "dvc.lock").read_text()
    wrong, total = verify(copy)
    assert ": expected what split was given, received another params.yaml (split); run `" in wrong
    assert total.endswith(" 1 damaged")
    (copy.folder / "dvc.yaml").write_text(text)
    before = (copy.folder / "data/split/val_indices.npy").read_bytes()
    copy.sh(re.search("run `(.*)`", wrong)[1])
    assert len(verify(copy)) == 1
    assert (copy.folder / "data/split/val_indices.npy").read_bytes() != before
    copy.sh("git checkout -q . && dvc checkout -q")


def test_two_runs_that_come_to_the_same_are_both_right(copy):
    copy.sh("echo '# a comment' >> stages/split.py && dvc repro split")
    copy.sh("git checkout -q stages && dvc repro split")
    assert len(verify(copy)) == 1
    assert copy.sh("git status --porcelain").stdout == ""
