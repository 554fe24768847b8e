"""Names of classes: they come into tables, pictures and pages."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from classifier.knobs import Text

MAX_LENGTH = 100
MARKUP = "<|"
MAX_CLASSES = 256  # a label is a byte
NAME = f"printable text of at most {MAX_LENGTH} characters, without < and |"


def showable(name: str) -> str:
    """Return a class's name as it is composed everywhere, also where macOS had it in parts."""
    is_showable = name.isprintable() and name == name.strip() and 0 < len(name) <= MAX_LENGTH
    if not is_showable or any(mark in name for mark in MARKUP):
        raise PydanticCustomError("name", NAME)
    return unicodedata.normalize("NFC", name)


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("distinct", "distinct names")
    return names


Name = Annotated[Text, AfterValidator(showable)]
Classes = Annotated[
    list[Name], Field(min_length=2, max_length=MAX_CLASSES), AfterValidator(_distinct)
]
