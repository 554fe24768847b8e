"""The one-line errors that end a stage: what is wrong with what it was given."""

import sys


class InputError(ValueError):
    """Something from outside the process is not as expected: file, expected, received, cure."""


def run(main):
    """Call `main()`; an InputError or OSError ends the process with one line and status 1."""
    try:
        main()
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
