"""What a stage or tool raises when what it was given is not as expected."""


class InputError(ValueError):
    """Something from outside the process is wrong: file, expected, received, cure; in one line."""

    def __init__(self, text: str):
        super().__init__(" ".join(text.split()))


class Diverged(InputError):  # noqa: N818  the word that Keras users know
    """A training whose losses are no longer finite."""
