"""Content of YAML files, checked by a type of Pydantic's: one line says what is wrong."""

import difflib
import re
import reprlib
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAMLError

from classifier import yaml_files
from classifier.errors import InputError


def read_yaml(path: Path):
    """Return what is in a file; raises InputError unless it is YAML, without aliases."""
    try:
        return yaml_files.load(path)
    except InputError:
        raise
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid YAML: {error}") from None


def check_value(kind, content, path: Path, key: str = ""):
    """Return `content`, of a file and a key in it, as a `kind`.

    Raises:
        InputError: naming file, key, expected and received.
    """
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        raise InputError(f"{path}: {_explain(error.errors()[0], key)}") from None


def _explain(problem: dict, key: str) -> str:
    """Return one line on one of Pydantic's problems with what is under a key."""
    place = ".".join([*filter(None, [key]), *map(str, problem["loc"])]) or "the file"
    if problem["type"] == "missing":
        return f"{place}: missing"
    if problem["type"] == "unknown_key":
        name = problem["ctx"]["key"]
        inside = "" if place == "the file" else f"{place}."
        return f"{inside}{name}: unknown key{nearest(name, problem['ctx']['known'])}"
    message = re.sub("^(Input should be|(List|Dictionary|String) should have) ", "", problem["msg"])
    if problem["type"] == "secret":
        return f"{place}: expected {message}"
    return f"{place}: expected {message}, received {reprlib.repr(problem['input'])}"


def nearest(name, known, question: str = "did you mean") -> str:
    """Return a question for the known name that is most like `name`, if any is."""
    matches = difflib.get_close_matches(str(name), map(str, known), n=1)
    return f"; {question} {matches[0]!r}?" if matches else ""
