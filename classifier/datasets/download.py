"""Downloads a file, in bounded bytes and time."""

import sys
import time
from pathlib import Path

from classifier.errors import InputError

TIMEOUT_SECONDS = (5, 15)  # to connect, and between two reads
GRACE_SECONDS = 60  # in which a download may be slow
MIN_BYTES_PER_SECOND = 20_000
HEADER_BYTES = 100_000  # by which a gzip file may exceed its content
CHUNK_BYTES = 1 << 20


def download(url: str, path: Path, limit: int) -> Path:
    """Download a file; raises InputError for one that is too long, or comes too slowly."""
    import requests
    from tqdm import tqdm
    from urllib3.exceptions import HTTPError

    response = requests.get(url, stream=True, timeout=TIMEOUT_SECONDS)
    with response, path.open("wb") as file:
        response.raise_for_status()
        size = int(response.headers.get("Content-Length", 0))
        bar = tqdm(total=size, unit="B", unit_scale=True, disable=not sys.stderr.isatty())
        start = time.monotonic()
        with bar:
            try:
                while chunk := response.raw.read1(CHUNK_BYTES):
                    file.write(chunk)
                    bar.update(len(chunk))
                    _check_progress(path.name, file.tell(), time.monotonic() - start, limit)
            except HTTPError as error:  # as requests' own streaming raises it
                raise InputError(f"{path.name}: {type(error).__name__}") from None
    return path


def _check_progress(name: str, received: int, seconds: float, limit: int) -> None:
    """Raise InputError for a download that is too long, or too slow."""
    if received > limit + HEADER_BYTES:
        raise InputError(f"{name} goes on beyond the expected {limit:,} bytes")
    if seconds > GRACE_SECONDS and received < (seconds - GRACE_SECONDS) * MIN_BYTES_PER_SECOND:
        raise InputError(f"{name} comes too slowly, {received:,} bytes in {seconds:.0f} s")
