"""The one-line error that ends a stage: what is wrong with what it was given."""


class InputError(ValueError):
    """Something from outside the process is not as expected: file, expected, received, cure; always one line."""

    def __init__(self, text: str):
        super().__init__(" ".join(text.split()))
