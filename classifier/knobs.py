"""Types of the knobs in params.yaml; each section's own are beside the code that uses them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Count = Annotated[int, Field(ge=1, lt=2**31)]  # more is not a size that a tensor can have
Fraction = Annotated[float, Field(gt=0, lt=1)]
Proportion = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy's and Keras' seeds accept
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A section of params.yaml: unknown keys, wrong types, NaN and infinity are errors."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, content):
        """Raise the error `unknown_key`, which knows the keys that there are."""
        for key in content if isinstance(content, dict) else ():
            if key not in cls.model_fields:
                context = {"key": key, "known": list(cls.model_fields)}
                raise PydanticCustomError("unknown_key", "unknown key", context)
        return content
