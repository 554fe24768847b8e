"""What the benchmarks share: timed commands, a clone to run them in, tables and results."""

import importlib.metadata
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import NamedTuple

from classifier.files.atomic import write_text


class Run(NamedTuple):
    """What a command took and printed."""

    seconds: float
    peak_mb: float  # of memory, of the largest process
    output: str


def timed(command: str, folder: Path) -> Run:
    """Run a shell command in a folder, on this Python; a failure ends the benchmark."""
    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc" / "tmp" / "site"),
    }
    start = time.perf_counter()
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process.stdout as pipe:
        output = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"bench: {command}: {output}")
    seconds = time.perf_counter() - start
    return Run(seconds, usage.ru_maxrss * 1024 / 1e6, output)


def clone_into(folder: Path) -> Path:
    """Clone the last commit of this repository into a folder, and return that."""
    timed(f"git clone -q . {shlex.quote(str(folder))}", Path.cwd())
    return folder


def median_and_range(values: list[float], range_digits: int = 2) -> str:
    """Return, say, 1.05 (0.97 to 1.06); only the median of a single value."""
    median = f"{statistics.median(values):.2f}"
    if len(values) == 1:
        return median
    return f"{median} ({min(values):.{range_digits}f} to {max(values):.{range_digits}f})"


def table(heads: list[str], rows: list) -> str:
    """Return a Markdown table of rows of text."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine(*packages: str) -> str:
    """Return a line on the processor, the versions of those packages that are there, the date."""
    lscpu = subprocess.run(["lscpu"], capture_output=True, text=True)
    processor = re.search(r"Model name:\s*(.*)", lscpu.stdout)
    name = processor[1] if processor else platform.machine()
    known = [f"{os.cpu_count()} × {name}", platform.system(), f"Python {platform.python_version()}"]
    for package in packages:
        try:
            known.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue  # one part of the benchmarks can do without it
    return f"{', '.join(known)}; {date.today()}"


def minutes_since(start: float) -> str:
    """Return the time since `start`, of `time.perf_counter`, in words."""
    return f"{(time.perf_counter() - start) / 60:.0f} minutes"


def write_results(path: Path, heading: str, parts: list[str]) -> None:
    """Print a heading and parts, with an empty line between two, and write them to `path`."""
    text = "\n\n".join([heading, *parts])
    print(text)
    write_text(path, f"{text}\n")
