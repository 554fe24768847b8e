"""Measure this project against other ways to do the same work: `python -m bench`.

Needs   a repository that has run once, and bench/requirements.txt
Writes  bench/results.md, which docs/speed.md quotes

Everything that is compared alternates within one run, and every figure is a median. The machine
may be noisy: read the ratios. `python -m bench epochs` (or `scaling`, `commands`) measures one part
and writes nothing.
"""

import sys
import time
from pathlib import Path

from bench import commands, epochs
from bench.measure import machine, minutes_since, write_results

PARTS = {
    "epochs": epochs.measure_epochs,
    "scaling": epochs.measure_scaling,
    "commands": commands.measure_commands,
}
PACKAGES = ("tensorflow", "keras", "torch", "jax", "dvc")
RESULTS = Path("bench/results.md")


def main():
    chosen = sys.argv[1:] or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        expected = f"expected any of {', '.join(PARTS)}"
        sys.exit(f"bench: {expected}, received {' '.join(unknown)}")
    start = time.perf_counter()
    parts = []
    for name in chosen:
        parts += PARTS[name]()
    command = " ".join(["python -m bench", *sys.argv[1:]])
    heading = f"{machine(*PACKAGES)}; `{command}`, {minutes_since(start)}"
    if set(chosen) == set(PARTS):
        write_results(RESULTS, heading, parts)
    else:
        print("\n\n".join([heading, *parts]))


if __name__ == "__main__":
    main()
