"""Files that are written whole or not at all, as text and JSON too."""

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from classifier.errors import InputError

PARTIALS = set()  # files and folders that are being written


@contextmanager
def replacing(path: Path):
    """Yield a path beside `path` to write to; then flush it and put it in place of `path`.

    When the block fails, `path` stays as it was and the partial file is removed.

    Raises:
        OSError: of the block or of the replacing; it names the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    PARTIALS.add(partial)
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)
        PARTIALS.discard(partial)


@contextmanager
def scratch_folder(path: Path):
    """Yield a new folder, which is removed at the end of the block."""
    PARTIALS.add(path)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path)
        PARTIALS.discard(path)


def remove_partials() -> None:
    """Remove what is half-written, in a process that ends without its `finally` blocks."""
    for path in list(PARTIALS):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content) -> None:
    """Write strict JSON: NaN and infinity raise ValueError."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path):
    """Return a JSON file's content; raises InputError where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: expected a JSON file, found no file; run `dvc repro`") from None
    except (ValueError, RecursionError) as error:
        received = f"expected a JSON file, received: {error}"
        raise InputError(f"{path}: {received}; run `dvc repro`") from None
