"""Reads params.yaml and checks all of it, whichever stage asks. No knob has a default here."""

import difflib
import re
import reprlib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML, YAMLError

from stages.errors import InputError

PATH = Path("params.yaml")

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy's and Keras' seeds accept
Widths = Annotated[list[Count], Field(min_length=1)]
Activation = Literal["elu", "gelu", "leaky_relu", "relu", "selu", "silu", "tanh"]
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A mapping in params.yaml: unknown keys, wrong types, NaN and infinity are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Fetch(Section):
    source: Text
    verify: bool
    test_fraction: Fraction


class Split(Section):
    val_fraction: Fraction
    seed: Seed


class Train(Section):
    model: Text
    seed: Seed
    launcher: str


class Evaluate(Section):
    columns: Count
    sample_rows: Count
    mistake_rows: Count


class Gate(Section):
    accuracy: Share = None
    worst_class_recall: Share = None
    ece: Share = None


class Range(Section):
    """Numbers to search, from `low` to `high`; with `log`, evenly in their logarithm."""

    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _check(self):
        if self.low >= self.high:
            raise PydanticCustomError("range", "low below high")
        if self.log and self.low <= 0:
            raise PydanticCustomError("range", "low above 0, with log")
        return self


Choices = Annotated[list, Field(min_length=1)]
Values = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")],
    Discriminator(lambda values: "choices" if isinstance(values, list) else "range"),
]


class Search(Section):
    """For tools.search alone, which compares the names in `space` with the knobs of the recipe."""

    trials: Count
    metric: Literal["val_accuracy", "val_loss"]
    grace: Count
    space: Annotated[dict[str, Values], Field(min_length=1)]


class Regimen(Section):
    """How to train a network, by the names that Keras uses. What a recipe leaves out is not done."""

    optimizer: Literal["adam", "adamw", "lion", "nadam", "rmsprop", "sgd"]
    learning_rate: Positive
    momentum: Fraction = None
    nesterov: bool = False
    weight_decay: Positive = None
    learning_rate_schedule: Literal["cosine_decay"] = None
    warmup_epochs: Count = None
    batch_size: Count
    epochs: Count
    patience: Count = None
    dtype: Literal["mixed_bfloat16"] = None
    label_smoothing: Fraction = None
    flip: bool = False
    shift: Count = None
    erasing: Fraction = None
    flip_averaging: bool = False
    temperature_scaling: bool = False


class DenseRecipe(Regimen):
    """Dense layers."""

    network: Literal["dense"]
    units: Widths
    activation: Activation
    dropout: Share


class ConvolutionalRecipe(Regimen):
    """Convolutions, to the first number of filters and, at half the resolution each time, to the others."""

    network: Literal["convolutional"]
    filters: Widths
    activation: Activation


class WideResidualRecipe(Regimen):
    """A wide residual network."""

    network: Literal["wide_residual"]
    depth: Annotated[int, Field(ge=10)]
    width: Count
    dropout: Share


RECIPES = {"dense": DenseRecipe, "convolutional": ConvolutionalRecipe, "wide_residual": WideResidualRecipe}
Recipe = Annotated[DenseRecipe | ConvolutionalRecipe | WideResidualRecipe, Field(discriminator="network")]


class Params(Section):
    """The whole file: the sections of the stages; every other section is a recipe."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Recipe] = Field(init=False)

    classes: Annotated[list[Text], Field(min_length=2, max_length=256)]
    fetch: Fetch
    split: Split
    train: Train
    evaluate: Evaluate
    gate: Gate
    search: Search

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
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{PATH}: not valid YAML: {error}") from None
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
    place, known = list(problem["loc"]), Params.model_fields
    if place[:2] == ["search", "space"]:
        del place[3:4]  # what Pydantic adds: range or choices
        known = Range.model_fields
    elif place and place[0] in known:
        known = getattr(known[place[0]].annotation, "model_fields", {})
    elif len(place) > 1:
        known = RECIPES[place.pop(1)].model_fields  # what Pydantic adds: which recipe it took the section for
    key = ".".join(map(str, place)) or "the file"
    if problem["type"] == "missing":
        known_as = _nearest(key, set(content) - set(Params.model_fields), "did you mean it by")
        return f"{key}: missing{known_as}"
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(place[-1], known)}"
    if problem["type"].startswith("union_tag"):
        received = problem["input"].get("network", "none") if isinstance(problem["input"], dict) else problem["input"]
        return f"{key}.network: expected one of {', '.join(RECIPES)}, received {received}{_nearest(received, RECIPES)}"
    expected = re.sub("^(Input should be|(List|Dictionary) should have) ", "", problem["msg"])
    return f"{key}: expected {expected}, received {reprlib.repr(problem['input'])}"


def _nearest(name, known, question: str = "did you mean") -> str:
    matches = difflib.get_close_matches(str(name), map(str, known), n=1)
    return f"; {question} {matches[0]!r}?" if matches else ""
