"""What a process takes on trust: the versions of packages, and the origin of a model."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ruamel.yaml import YAMLError

from classifier import yaml_files
from classifier.errors import InputError

# JAX does without it. Where it is the backend, Keras says that it is missing.
OPTIONAL = {"tensorflow"}


def check_deps(deps: list[str], lock: Path) -> None:
    """Raise InputError unless packages and models that a stage depends on are the right ones."""
    for dep in map(Path, deps):
        if dep.parent.name == "requirements":
            check_installed(dep)
        if dep.suffix == ".keras" and dep.exists():
            check_recorded(dep, lock)


def check_installed(requirements: Path) -> None:
    """Raise InputError unless packages are installed in the versions that a file states."""
    for line in requirements.read_text(encoding="utf-8").splitlines():
        name, _, expected = line.partition("==")
        if not expected:
            continue
        package = name.split("[")[0]  # tensorflow[and-cuda]
        try:
            received = version(package)
        except PackageNotFoundError:
            if package in OPTIONAL:
                continue
            received = "none"
        if received != expected:
            found = f"expected {name} {expected} to be installed, received {received}"
            cure = "run `pip install -r requirements.txt`, or state the version there"
            raise InputError(f"{requirements}: {found}; {cure}, then `dvc repro`")


def check_recorded(path: Path, lock: Path) -> None:
    """Raise InputError unless a file is what dvc.lock records: a model can hold a program."""
    recorded = read_stages(lock, "DVC's record of all outputs", _outputs)
    expected = recorded.get(path.as_posix(), "of a stage's output")
    with path.open("rb") as file:
        received = hashlib.file_digest(file, "md5").hexdigest()
    if expected != received:
        found = f"expected MD5 {expected}, by {lock}, received {received}"
        raise InputError(f"{path}: {found}; run `dvc repro`")


def _outputs(stages: dict) -> dict[str, str]:
    """Return the MD5 of each output by its path."""
    recorded = {}
    for stage in stages.values():
        for out in stage.get("outs", ()):
            recorded[out["path"]] = out["md5"]
    return recorded


def read_stages(path: Path, expected: str, pick):
    """Return what `pick` finds among the stages in dvc.yaml or dvc.lock; raises InputError."""
    try:
        return pick(yaml_files.load(path)["stages"])
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: expected {expected}, found no file; run `dvc repro`") from None
    except (YAMLError, AttributeError, LookupError, TypeError, ValueError):
        cure = f"run `git checkout HEAD -- {path}`, then `dvc repro`"
        raise InputError(f"{path}: expected {expected}, received something else; {cure}") from None


def outs_of(stage: dict) -> list[str]:
    """Return the paths that a stage of dvc.yaml writes, which have options there or none."""
    found = []
    for kind in ("outs", "metrics", "plots"):
        for out in stage.get(kind, ()):
            found.extend([out] if isinstance(out, str) else out)
    return found
