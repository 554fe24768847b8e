"""What a data set is: a YAML file such as data/fashion_mnist.yaml, or what a folder tells."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from classifier.checked import check_value, read_yaml
from classifier.datasets.names import Classes
from classifier.errors import InputError
from classifier.knobs import Section, Text

FILES = {  # of a data set: what each is called once it is fetched
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
MAX_BYTES = 10**10  # of a file whose length is not described
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Md5 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


def _without_password(place: str) -> str:
    _, is_url, rest = place.partition("://")
    if is_url and "@" in rest:  # wherever it is: a password may have a / in it
        raise PydanticCustomError("secret", "no user or password in a URL: put them into ~/.netrc")
    return place


def _local(source: str) -> str:
    if "://" in source:
        expected = "a file or folder here: a URL belongs into places of a description"
        raise PydanticCustomError("secret", expected)  # it may have a password in it
    return source


def _plain(name: str) -> str:
    if Path(name).name != name:
        raise PydanticCustomError("plain", "the name of a file, without a folder")
    return name


Place = Annotated[Text, AfterValidator(_without_password)]
Source = Annotated[Text, AfterValidator(_local)]  # the description of a data set, or a folder


class File(Section):
    """A file: its name at each place, perhaps with .gz, and what its content is known by."""

    name: Annotated[Text, AfterValidator(_plain)]
    bytes: Annotated[int, Field(ge=1)] | None = None
    sha256: Sha256 | None = None
    md5: Md5 | None = None  # by which DVC's cache has it

    @property
    def limit(self) -> int:
        """The bytes that it may have."""
        return self.bytes or MAX_BYTES


class Files(Section):
    """The four files of a data set."""

    train_images: File
    train_labels: File
    test_images: File
    test_labels: File


class About(Section):
    """What is said of a data set in the model card."""

    name: Text
    licence: Text | None = None
    licence_tag: Text | None = None
    about: Text | None = None
    citation: Text | None = None


class Description(About):
    """A data set of IDX files."""

    classes: Classes
    files: Files
    places: Annotated[list[Place], Field(min_length=1)]
    package: Text | None = None
    others: dict[str, list[Sha256]] = Field(default_factory=dict)
    transposed: bool = False  # whether rows and columns of each image are exchanged, as in EMNIST
    first_label: Annotated[int, Field(ge=0)] = 0

    def card(self) -> dict:
        """Return what `About` has of it."""
        return self.model_dump(include=About.model_fields.keys(), exclude_none=True)


def read(path: Path) -> Description:
    """Return a description; raises InputError with the file, the key, expected and received."""
    if path.suffix not in (".yaml", ".yml"):
        expected = "expected a folder of images, or a description of a data set, a .yaml file"
        raise InputError(f"{path}: {expected}; of an archive, unpack it first")
    description = check_value(Description, read_yaml(path), path)
    here = path.parent
    places = [
        place if "://" in place else os.path.join(here, place) for place in description.places
    ]
    return description.model_copy(update={"places": places})
