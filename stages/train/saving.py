"""Saves a model so that equal models make equal files."""

import json
import zipfile
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip file can state


def save(model, path: Path) -> None:
    """Write `model` to `path`, which ends in .keras, with no time, zip stamp or memory address in it."""
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(members["metadata.json"]) | {"date_saved": "1980-01-01@00:00:00"}
    config = _number_shared_objects(json.loads(members["config.json"]), {})
    members |= {"metadata.json": json.dumps(metadata), "config.json": json.dumps(config)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)


def _number_shared_objects(config, numbers: dict):
    """Replace each `shared_object_id`, a memory address, by its number in order of appearance."""
    if isinstance(config, list):
        return [_number_shared_objects(item, numbers) for item in config]
    if isinstance(config, dict):
        return {
            key: numbers.setdefault(value, len(numbers))
            if key == "shared_object_id"
            else _number_shared_objects(value, numbers)
            for key, value in config.items()
        }
    return config
