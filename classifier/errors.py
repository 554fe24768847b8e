"""What a stage or tool raises when what it was given is not as expected."""


def printable(text: str) -> str:
    """Return a text, perhaps a foreign file's name, as a terminal may show it: in escapes."""
    if text.isprintable():
        return text
    shown = []
    for character in text:
        is_safe = character.isprintable()
        shown.append(character if is_safe else character.encode("unicode_escape").decode())
    return "".join(shown)


class InputError(ValueError):
    """Something from outside the process is wrong: file, expected, received, cure; in one line."""

    def __init__(self, text: str):
        super().__init__(printable(" ".join(text.split())))


class Diverged(InputError):  # noqa: N818  the word that Keras users know
    """A training whose losses are no longer finite."""
