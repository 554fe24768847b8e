"""What a stage was given, so that nothing else is recorded as what it ran with.

DVC hashes parameters, code and data after a command has run, but the command reads them when it
begins. Whoever edits them meanwhile would get a record of a run that never was.
"""

import hashlib
import json
from pathlib import Path

LARGE_BYTES = 2**22  # from here on, files are told apart by size, time and inode
MANY_FILES = 1000  # in a folder: likewise
IGNORED = "__pycache__"  # by .dvcignore


def marks(deps: list[str]) -> dict[str, str]:
    """Return what changes with the content of each file or folder, by name.

    It is the MD5 that DVC records, but for large files, and for folders of many: these are only
    looked at.
    """
    found = {}
    for dep in deps:
        path = Path(dep)
        found[dep] = _folder_mark(path) if path.is_dir() else _file_mark(path)
    return found


def _file_mark(path: Path, is_to_be_read: bool = True) -> str:
    try:
        status = path.stat()
        if is_to_be_read and status.st_size < LARGE_BYTES:
            return hashlib.md5(path.read_bytes()).hexdigest()
    except OSError as error:
        return error.strerror
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _folder_mark(path: Path) -> str:
    files = [file for file in path.rglob("*") if file.is_file() and IGNORED not in file.parts]
    is_to_be_read = len(files) <= MANY_FILES
    content = []
    for file in sorted(files, key=lambda file: file.relative_to(path).parts):
        name = file.relative_to(path).as_posix()
        content.append({"md5": _file_mark(file, is_to_be_read), "relpath": name})
    digest = hashlib.md5(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{digest}.dir" if is_to_be_read else f"of {len(files)} files: {digest}"


def changed(before: dict, after: dict) -> list[str]:
    """Return the names whose values differ, in order."""
    names = sorted(before.keys() | after.keys())
    return [name for name in names if before.get(name) != after.get(name)]
