"""The section `search` of params.yaml."""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from classifier.knobs import Count, Section


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


def _range_or_choices(values):
    kind = Choices if isinstance(values, list) else Range
    return TypeAdapter(kind).validate_python(values)


class Search(Section):
    """How to search; `space` has knobs of the recipe that `train.model` names."""

    trials: Count  # in all, by all workers together
    metric: Literal["val_accuracy", "val_loss"]  # what is best, of the finished model
    grace: Count  # seconds without a sign of life before a trial is given to another worker
    space: Annotated[
        dict[str, Annotated[Any, PlainValidator(_range_or_choices)]],
        Field(min_length=1),
    ]
