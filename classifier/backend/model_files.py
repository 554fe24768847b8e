"""Saves models so that equal models make equal files, and loads them."""

import json
import zipfile
from pathlib import Path

from classifier.backend.starting import load_keras
from classifier.errors import InputError

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can state


def save_model(model, path: Path) -> None:
    """Write `model` to `path`, which ends in .keras.

    Nothing in it depends on the time or on where objects are in memory.
    """
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(members["metadata.json"]) | {"date_saved": "1980-01-01@00:00:00"}
    config = number_shared_objects(json.loads(members["config.json"]), {})
    members |= {"metadata.json": json.dumps(metadata), "config.json": json.dumps(config)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), content)


def number_shared_objects(config, numbers: dict):
    """Replace each `shared_object_id`, a memory address, by its number in order of appearance."""
    if isinstance(config, list):
        return [number_shared_objects(item, numbers) for item in config]
    if not isinstance(config, dict):
        return config
    numbered = {}
    for key, value in config.items():
        if key == "shared_object_id":
            numbered[key] = numbers.setdefault(value, len(numbers))
        else:
            numbered[key] = number_shared_objects(value, numbers)
    return numbered


def load_model(path: Path, image_shape: tuple, class_count: int):
    """Load a Keras model; raises InputError where it is missing, damaged or of other shapes."""
    expected = f"{path}: expected a model from {image_shape} to {(class_count,)}, received"
    if not path.exists():
        raise InputError(f"{expected} no file; run `dvc repro train`")
    keras = load_keras()
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # of many kinds, by what is damaged
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{expected}: {reason}; run `dvc repro train`") from None
    if (model.input_shape[1:], model.output_shape[1:]) != (image_shape, (class_count,)):
        received = f"one from {model.input_shape[1:]} to {model.output_shape[1:]}"
        raise InputError(f"{expected} {received}; run `dvc repro train`")
    return model


def trained_network(model):
    """Return the network of a finished model: one that averages over views holds it as a layer."""
    import keras

    inner = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    return inner[0] if inner else model
