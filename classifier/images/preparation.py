"""How an image becomes what the model takes: the section `images` of params.yaml."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from classifier.images import framing
from classifier.knobs import Section

MAX_SIDE = 1024  # pixels; to no more is an image file read
CHANNELS = {"grey": 1, "rgb": 3}


class Preparation(Section):
    """What is made of each image file, for training and for prediction alike."""

    size: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_SIDE)]], Field(min_length=2, max_length=2)
    ]  # rows, columns
    color: Literal["grey", "rgb"]
    framing: Literal["garment", "pad", "crop"]

    @model_validator(mode="after")
    def _check_that_they_fit(self):
        if self.framing == "garment" and self.color != "grey":
            expected = "color grey with framing garment, or framing pad or crop"
            raise PydanticCustomError("combination", expected)
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of what the model takes."""
        return (*self.size, CHANNELS[self.color])

    @property
    def is_bright_on_black(self) -> bool:
        """Whether it shows a thing as Fashion-MNIST does: pictures are drawn in its negative."""
        return self.framing == "garment"

    def __call__(
        self, colors: np.ndarray, opacity: np.ndarray | None
    ) -> tuple[np.ndarray, list[str]]:
        """Return uint8 of `shape`, and in words what was done that changes what the image shows.

        Args:
            colors: uint8 (rows, columns, channels), of 1 or 3 channels.
            opacity: uint8 (rows, columns), where the image has any.

        Raises:
            framing.NothingThere: there is nothing on it, where a garment is expected.
        """
        if self.color == "rgb":
            colors = np.broadcast_to(colors, (*colors.shape[:2], 3))
        elif self.framing != "garment":
            colors = framing.grey(colors)
        pixels, notes = self._frame(colors, opacity, tuple(self.size))
        return pixels.reshape(self.shape), notes

    @property
    def _frame(self):
        """What brings an image to its size: a function of its colors, opacity and the size."""
        if self.framing == "garment":
            from classifier.images import garment  # here: loading SciPy takes a fifth of a second

            return garment.prepare
        return {"pad": framing.pad, "crop": framing.crop}[self.framing]
