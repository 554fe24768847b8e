"""What each run was given and made, to compare with what DVC recorded of it.

DVC hashes what a stage was given some milliseconds after the stage has ended. What is edited in
between is recorded as what the stage ran with, and later runs are answered from that record.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML, YAMLError

from classifier.files.atomic import replacing

FOLDER = Path(".dvc/tmp/given")
HASHED = ("deps", "outs")
MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")  # of what is large, there is another mark


class Wrong(NamedTuple):
    """A record of DVC's run cache that a run of a stage contradicts, and the names that differ."""

    stage: str
    path: Path
    names: list[str]


def keep(stage: str, deps: dict, sections: dict, outs: dict) -> None:
    """Note a run of DVC's that ends well.

    Args:
        stage: its name.
        deps, outs: marks by path, as `given.marks` returns them.
        sections: of params.yaml, by name.
    """
    if "DVC_STAGE" not in os.environ:  # by hand: nothing records it
        return
    note = {"stage": stage, "deps": _hashes(deps), "params": sections, "outs": _hashes(outs)}
    content = json.dumps(note, sort_keys=True).encode()
    path = FOLDER / f"{stage}-{hashlib.md5(content).hexdigest()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_bytes(content)


def _hashes(marks: dict) -> dict:
    return {path: mark for path, mark in marks.items() if MD5.fullmatch(mark)}


def wrong(runs: Path, folder: Path = FOLDER) -> Iterator[Wrong]:
    """Yield what DVC's run cache has of a run in place of what that was given.

    That is a record of the same outputs by other means, made after the run, where there is none of
    what the run was given. Two runs that come to the same, as after an edit of a comment, have one
    each.

    Args:
        runs: the folder of the run cache.
        folder: of the notes.
    """
    entries = [(path, path.stat().st_mtime_ns) for path in runs.glob("*/*/*")]
    for note in sorted(folder.glob("*.json")):
        try:
            run = json.loads(note.read_bytes())
        except ValueError:  # damaged: it tells nothing any more
            continue
        since = note.stat().st_mtime_ns
        differing = {}
        for path, time in entries:
            if time >= since and (entry := _read(path)) and _agree(run["outs"], entry["outs"]):
                differing[path] = _differing(run, entry)
        if all(differing.values()):
            for path, names in differing.items():
                yield Wrong(run["stage"], path, names)


def _read(path: Path) -> dict | None:
    """Return a record of DVC's as notes are; none where it is damaged."""
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        hashes = {key: {each["path"]: each["md5"] for each in content[key]} for key in HASHED}
        return hashes | {"params": content.get("params", {}).get("params.yaml", {})}
    except (YAMLError, OSError, AttributeError, LookupError, TypeError, ValueError):
        return None


def _agree(hashes: dict, recorded: dict) -> bool:
    common = hashes.keys() & recorded.keys()
    return bool(common) and all(hashes[path] == recorded[path] for path in common)


def _differing(run: dict, entry: dict) -> list[str]:
    """Return the names of what a run was given that a record has otherwise."""
    deps = run["deps"]
    params = run["params"]
    names = [path for path in deps if entry["deps"].get(path) != deps[path]]
    sections = [key for key in params if entry["params"].get(key) != params[key]]
    return names + [f"params.yaml ({key})" for key in sections]
