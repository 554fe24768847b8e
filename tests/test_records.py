"""What a run was given against what DVC recorded of it: only a contradiction is one."""

import json
import os

import pytest
from ruamel.yaml import YAML

from classifier.process import records

GIVEN = {"code.py": "a" * 32, "large.npy": "5000000 1 2"}
OUTS = {"out.npy": "b" * 32}
SECTIONS = {"split": {"seed": 1, "rate": 1e-05, "units": [1, 2]}}


@pytest.fixture
def runs(workplace, monkeypatch):
    """An empty run cache, beside the note of a run."""
    monkeypatch.setenv("DVC_STAGE", "split")
    records.keep("split", GIVEN, SECTIONS, OUTS)
    return workplace / "runs"


def record(runs, name: str, deps=GIVEN, sections=SECTIONS, outs=OUTS, later: int = 1) -> None:
    """Write what DVC has in its run cache of a run, some seconds after it."""
    content = {"cmd": "split", "params": {"params.yaml": sections}}
    for key, hashes in (("deps", deps), ("outs", outs)):
        content[key] = [{"path": path, "md5": md5} for path, md5 in hashes.items()]
    path = runs / name[:2] / name / "value"
    path.parent.mkdir(parents=True)
    YAML(typ="safe").dump(content, path)
    (note,) = records.FOLDER.glob("*.json")
    time = note.stat().st_mtime + later
    os.utime(path, (time, time))


def found(runs) -> list[tuple[str, list[str]]]:
    return [(each.stage, each.names) for each in records.wrong(runs)]


def test_record_of_what_was_given_is_right(runs):
    record(runs, "own")
    assert found(runs) == []


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"deps": GIVEN | {"code.py": "c" * 32}}, ["code.py"]),
        ({"deps": {}}, ["code.py"]),
        ({"sections": {"split": {"seed": 2}}}, ["params.yaml (split)"]),
        ({"sections": {}}, ["params.yaml (split)"]),
        (
            {"deps": GIVEN | {"code.py": "c" * 32}, "sections": {}},
            ["code.py", "params.yaml (split)"],
        ),
    ],
)
def test_record_of_something_else_is_named(change, names, runs):
    record(runs, "other", **change)
    assert found(runs) == [("split", names)]
    record(runs, "own")
    assert found(runs) == []  # both ran: an edit that changes nothing


@pytest.mark.parametrize(
    "change",
    [
        {"deps": GIVEN | {"large.npy": "d" * 32}},  # of what is large, no hash is known
        {"deps": {}, "outs": {"out.npy": "d" * 32}},  # of another run
        {"deps": {}, "outs": {"of another stage": "b" * 32}},
        {"deps": {}, "later": -1},  # of a run before
    ],
)
def test_record_that_says_nothing_of_the_run_is_right(change, runs):
    record(runs, "other", **change)
    assert found(runs) == []


@pytest.mark.parametrize("content", ["", "[", "deps: 3", "outs: []"])
def test_damaged_record_is_none(content, runs):
    record(runs, "other", deps={})
    (path,) = runs.glob("*/*/*")
    path.write_text(content)
    assert found(runs) == []


def test_run_by_hand_leaves_no_note(workplace, monkeypatch):
    monkeypatch.delenv("DVC_STAGE", raising=False)
    records.keep("split", GIVEN, SECTIONS, OUTS)
    assert list(workplace.iterdir()) == []


def test_note_has_hashes_alone(runs):
    (note,) = records.FOLDER.glob("split-*.json")
    assert json.loads(note.read_bytes())["deps"] == {"code.py": "a" * 32}


@pytest.mark.parametrize("content", [b"", b'{"stage": '])
def test_note_that_is_damaged_tells_nothing(content, runs):
    record(runs, "other", deps=GIVEN | {"code.py": "c" * 32})
    (note,) = records.FOLDER.glob("*.json")
    note.write_bytes(content)
    assert found(runs) == []
