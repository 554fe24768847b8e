"""What a stage had made before is put back; test_runner.py does so for every stage."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from classifier.process import former


@pytest.mark.parametrize("is_committed", [True, False])
def test_small_file_is_put_back_from_the_last_commit_or_the_cache(is_committed, workplace):
    """As the metrics of a run that nobody has committed yet."""
    path, cached = Path("metrics.json"), workplace / "cached"
    path.write_text("{}")
    subprocess.run(["git", "init", "-q"], check=True)
    if is_committed:
        subprocess.run(["git", "add", path], check=True)
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, "commit", "-qm", "a run"], check=True)
        path.unlink()
    else:
        path.rename(cached)
    former.restore_file(path.absolute(), "another", cached)
    assert not path.exists()
    former.restore_file(path.absolute(), hashlib.md5(b"{}").hexdigest(), cached)
    assert path.read_text() == "{}"
