"""Reads the YAML files that DVC reads too: params.yaml, dvc.yaml, dvc.lock."""

import re
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.tokens import AliasToken, AnchorToken

from classifier.errors import InputError

CONFLICT = re.compile(r"^<<<<<<< ", re.MULTILINE)
MAYBE_ALIAS = re.compile(r"(?:^|[\s\[{,])[&*]\S")
MADE = "dvc.lock"  # by DVC: nobody edits it


class Aliases(InputError):  # noqa: N818  it is what they are called
    """A file with anchors or aliases: a few lines of them can stand for more than memory holds."""


def load(path: Path):
    """Return what is in a file; raises what `parse` does."""
    return parse(path.read_text(encoding="utf-8"), path)


def parse(text: str, path: Path):
    """Return what is in a file of this text.

    Raises InputError for conflict markers, for anchors and aliases, and what ruamel.yaml raises.
    """
    if CONFLICT.search(text):
        cure = "settle them by hand, then `dvc repro`"
        if path.name == MADE:
            cure = f"run `git checkout HEAD -- {path}`, then `dvc repro`"
        raise InputError(f"{path}: expected YAML, a merge left conflict markers in it; {cure}")
    if MAYBE_ALIAS.search(text):
        for token in YAML(typ="safe", pure=True).scan(text):
            if isinstance(token, AliasToken | AnchorToken):
                place = f"received {token.value!r} in line {token.start_mark.line + 1}"
                cure = "anchors and aliases are not taken: write the values out"
                raise Aliases(f"{path}: expected plain values, {place}; {cure}")
    return YAML(typ="safe").load(text)
