"""Reads params.yaml and checks all of it, whichever stage asks. No knob has a default here."""

import difflib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML, YAMLError

from stages.errors import InputError

PATH = Path("params.yaml")

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy's and Keras' seeds accept
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A mapping in params.yaml: unknown keys, wrong types, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Fetch(Section):
    source: Text
    verify: bool


class Split(Section):
    val_fraction: Fraction
    seed: Seed


class Train(Section):
    model: Text
    seed: Seed


class Evaluate(Section):
    columns: Count
    sample_rows: Count
    mistake_rows: Count


class Recipe(Section):
    """A network of Dense layers and how to train it."""

    units: Annotated[list[Count], Field(min_length=1)]
    activation: Literal["elu", "gelu", "leaky_relu", "relu", "selu", "silu", "tanh"]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    optimizer: Literal["adam", "adamw", "lion", "nadam", "rmsprop", "sgd"]
    learning_rate: Annotated[float, Field(gt=0)]
    batch_size: Count
    epochs: Count
    patience: Count


class Params(Section):
    """The whole file: the sections of the stages; every other section is a recipe."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Recipe] = Field(init=False)

    classes: Annotated[list[Text], Field(min_length=2, max_length=256)]
    fetch: Fetch
    split: Split
    train: Train
    evaluate: Evaluate

    @property
    def recipe(self) -> Recipe:
        """The section that `train.model` names."""
        return self.model_extra[self.train.model]


def read() -> Params:
    """Return the checked content of params.yaml; InputError names the key, expected and received."""
    try:
        content = YAML(typ="safe", pure=True).load(PATH.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{PATH}: no such file in {Path.cwd()}; run from the root of the checkout") from None
    except (YAMLError, ValueError) as error:
        raise InputError(f"{PATH}: not valid YAML: {' '.join(str(error).split())}") from None
    return check(content)


def check(content) -> Params:
    """Return `content`, the parsed file, as Params; raises InputError as `read` does."""
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{PATH}: {_explain(error.errors(include_url=False), content)}") from None
    model, recipes = params.train.model, params.model_extra
    if model not in recipes:
        known = ", ".join(recipes)
        raise InputError(f"{PATH}: train.model: expected one of {known}, received {model!r}{_nearest(model, recipes)}")
    if params.fetch.source == "auto" and not params.fetch.verify:
        raise InputError(f"{PATH}: fetch.verify: expected true with source: auto, received False")
    if len(set(params.classes)) < len(params.classes):
        raise InputError(f"{PATH}: classes: expected distinct names, received {params.classes}")
    return params


def _explain(problems: list, content) -> str:
    """One line on the problem that explains the others: a missing section, else an unknown key."""
    missing = [item for item in problems if item["type"] == "missing" and len(item["loc"]) == 1]
    unknown = [item for item in problems if item["type"] == "extra_forbidden"]
    problem = [*missing, *unknown, *problems][0]
    key = ".".join(map(str, problem["loc"])) or "the file"
    if problem["type"] == "missing":
        return f"{key}: missing{_nearest(key, set(content) - set(Params.model_fields), 'did you mean it by')}"
    if problem["type"] == "extra_forbidden":
        field = Params.model_fields.get(problem["loc"][0])
        return f"{key}: unknown key{_nearest(problem['loc'][-1], (field.annotation if field else Recipe).model_fields)}"
    expected = problem["msg"].removeprefix("Input should be ").removeprefix("List should have ")
    return f"{key}: expected {expected}, received {problem['input']!r}"


def _nearest(name, known, question: str = "did you mean") -> str:
    matches = difflib.get_close_matches(str(name), map(str, known), n=1)
    return f"; {question} {matches[0]!r}?" if matches else ""
