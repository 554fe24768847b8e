"""Collects the files of a data set from all that may have them."""

from collections.abc import Callable
from pathlib import Path

from classifier.datasets import sources
from classifier.datasets.description import Description
from classifier.errors import InputError


def collect(
    description: Description, former: Path, folder: Path, say: Callable[[str], None]
) -> None:
    """Put the four files into an empty folder, each from the first source that has a good one.

    A source that fails is not asked again.

    Args:
        former: a folder where they may be already.
        say: hears of each source, and of its failure.

    Raises:
        InputError: naming each source and why it failed.
        OSError: there is no space left.
    """
    reasons = []
    for get, place in sources.places_of(description, former):
        if not sources.may_have(get, place, description):
            continue
        say(f"from {place}")
        try:
            sources.fetch_missing(get, place, folder, description)
            return
        except sources.FAILURES as error:
            if getattr(error, "errno", None) in sources.DISK_FULL_ERRNOS:
                error.filename = error.filename or str(former)
                raise
            reasons.append(f"{place}: {sources.reason(error)}")
            say(f"failed: {reasons[-1]}")
    wanted = ", ".join(getattr(description.files, role).name for role in sources.missing(folder))
    found = f"found no source that has a good one ({'; '.join(reasons)})"
    places = [place for place in description.places if "://" not in place]
    cure = f"put them, as they are or as .gz, into {places[0]}" if places else "add one to places"
    raise InputError(f"{description.name}: expected {wanted}, {found}; {cure}, then `dvc repro`")
