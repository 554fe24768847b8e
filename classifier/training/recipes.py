"""Recipes: a network and how to train it, each a section of params.yaml.

Knobs have the names that Keras uses. An option that a recipe leaves out is off.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SerializeAsAny, model_validator
from pydantic_core import PydanticCustomError

from classifier.knobs import Count, Fraction, Positive, Section, Share
from classifier.training.views import View, views

Activation = Literal["elu", "gelu", "leaky_relu", "relu", "selu", "silu", "tanh"]
Widths = Annotated[list[Count], Field(min_length=1)]
MAX_TAUGHT_SHIFT = 4  # of the 162 views that it gives with flips, each costs a teacher a look


class Regimen(Section):
    """How to train a network."""

    teacher: SerializeAsAny["Regimen"] | None = (
        None  # another recipe, whose probabilities it learns
    )
    distillation_temperature: Annotated[float, Field(ge=0.1, le=100)] = None  # of its logits
    feature_matching: Positive = None  # weight of the distance to the teacher's features
    optimizer: Literal["adam", "adamw", "lion", "nadam", "rmsprop", "sgd"]
    learning_rate: Positive
    momentum: Fraction = None  # of sgd and rmsprop
    nesterov: bool = False  # of sgd
    weight_decay: Positive = None  # decoupled: multiplied by the learning rate
    learning_rate_schedule: Literal["cosine_decay"] = None  # to 0 at the last epoch
    warmup_epochs: Count = None  # in which the rate rises from 0; with a schedule
    batch_size: Count
    epochs: Count  # at most
    patience: Count = None  # epochs without a lower val_loss before stopping
    dtype: Literal["mixed_bfloat16"] = None  # while training; the model computes in float32
    label_smoothing: Fraction = None  # share of each label that is spread over all classes
    class_weight: Literal["balanced"] = None  # each class counts the same in the training loss
    flip: bool = False  # half of the training images, left to right
    shift: Annotated[int, Field(ge=1, le=32)] = None  # pixels at most, along both axes
    erasing: Fraction = None  # share of training images with a rectangle of noise
    flip_averaging: bool = False  # predict from the image and its mirror image
    shift_averaging: Annotated[int, Field(ge=1, le=3)] = None  # and from both, moved so far in all
    temperature_scaling: bool = False  # divide the logits by what is best on validation data

    @property
    def views(self) -> list[View]:
        """All that `flip` and `shift` make of an image."""
        return views(self.flip, self.shift or 0)

    @property
    def averaged_views(self) -> list[View]:
        """All that the finished model looks at: one, the image as it is, unless it averages."""
        far = self.shift_averaging or 0
        return [view for view in views(self.flip_averaging, far) if view.distance <= far]

    @model_validator(mode="after")
    def _check_that_options_fit(self):
        """Refuse what would be ignored, or fail later."""
        has_momentum = self.optimizer in ("rmsprop", "sgd")
        teacher = self.teacher
        faults = {
            "warmup_epochs below epochs": (self.warmup_epochs or 0) >= self.epochs,
            "learning_rate_schedule with warmup_epochs": self.warmup_epochs
            and not self.learning_rate_schedule,
            "optimizer rmsprop or sgd with momentum": self.momentum and not has_momentum,
            "optimizer sgd with nesterov": self.nesterov and self.optimizer != "sgd",
            "teacher with distillation_temperature": self.distillation_temperature and not teacher,
            "teacher with feature_matching": self.feature_matching and not teacher,
            "teacher with as many features, for feature_matching": self.feature_matching
            and teacher
            and teacher.feature_count != self.feature_count,
            "teacher without a teacher": teacher and teacher.teacher,
            "teacher with the same flip": teacher and teacher.flip != self.flip,
            "teacher with the same shift": teacher and teacher.shift != self.shift,
            "teacher without erasing": teacher and self.erasing,
            f"teacher with a shift of {MAX_TAUGHT_SHIFT} at most": teacher
            and (self.shift or 0) > MAX_TAUGHT_SHIFT,
        }
        for expected, is_there in faults.items():
            if is_there:
                raise PydanticCustomError("misfit", expected)
        return self


class Network(Regimen):
    """What any network has."""

    standardize: Positive = None  # each image's pixels to mean 0 and this standard deviation


class DenseRecipe(Network):
    """Dense layers."""

    network: Literal["dense"]
    units: Widths  # of the hidden layers
    activation: Activation
    dropout: Share  # after every hidden layer but the last

    @property
    def feature_count(self) -> int:
        """How many numbers the last layer takes."""
        return self.units[-1]


class ConvolutionalRecipe(Network):
    """Convolutions, each further number of filters at half the resolution."""

    network: Literal["convolutional"]
    filters: Widths
    activation: Activation

    @property
    def feature_count(self) -> int:
        """How many numbers the last layer takes."""
        return self.filters[-1]


def _whole_blocks(depth: int) -> int:
    if depth % 6 != 4:
        raise PydanticCustomError("depth", "6 n + 4, such as 16, 22 or 28")
    return depth


class WideResidualRecipe(Network):
    """A wide residual network."""

    network: Literal["wide_residual"]
    depth: Annotated[int, Field(ge=10), AfterValidator(_whole_blocks)]
    width: Count
    dropout: Share

    @property
    def feature_count(self) -> int:
        """How many numbers the last layer takes."""
        return 64 * self.width


Recipe = DenseRecipe | ConvolutionalRecipe | WideResidualRecipe
RECIPES = {
    "dense": DenseRecipe,
    "convolutional": ConvolutionalRecipe,
    "wide_residual": WideResidualRecipe,
}
