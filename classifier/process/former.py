"""What a stage had made before: put back where its next run fails, since DVC deletes it first."""

import contextlib
import hashlib
import os
import subprocess
from pathlib import Path

from classifier.files.atomic import replacing
from classifier.process.lock import stage_lock
from classifier.yaml_files import Aliases


@contextlib.contextmanager
def put_back_on_error(name: str):
    """When the block fails, put back what dvc.lock records of a stage, unless another runs it.

    DVC deletes it before a run, but has it cached. A run by hand finds all of it in place. If
    restoring fails as well, as on a full disk, the first error is reported; `dvc checkout` does
    the same later.
    """
    try:
        yield
    except Aliases:  # with which DVC can be busy for ever
        raise
    except Exception:
        if "DVC_STAGE" in os.environ:
            with contextlib.suppress(Exception), stage_lock(name):
                restore_outputs(name)
        raise


def restore_outputs(name: str) -> None:
    """Put back the outputs of a stage that are not what dvc.lock records."""
    from dvc.repo import Repo

    with Repo() as repo:
        for out in repo.stage.load_one(name=name).outs:
            if out.exists and not out.changed_checksum():
                continue
            if out.use_cache:
                out.checkout(force=True)
            else:
                md5 = out.hash_info.value
                restore_file(Path(out.fs_path), md5, Path(out.cache.oid_to_path(md5)))


def restore_file(path: Path, md5: str, cached: Path) -> None:
    """Put a small file back that has this MD5: from Git's last commit, or DVC's cache."""
    command = ["git", "show", f"HEAD:./{path.name}"]
    done = subprocess.run(command, cwd=path.parent, capture_output=True)
    for content in (done.stdout, cached.read_bytes() if cached.exists() else b""):
        if hashlib.md5(content).hexdigest() == md5:
            with replacing(path) as partial:
                partial.write_bytes(content)
            return
