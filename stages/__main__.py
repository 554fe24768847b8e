"""Runs a stage, as dvc.yaml does: `python -m stages NAME`.

Before it, all of params.yaml is checked, and what the stage takes on trust. Meanwhile, no other
process runs it, and nothing that it was given may change: DVC would record the new as what it ran
with. Where it fails, what it had made before is there again. Nothing here decides what a stage
writes, so no stage depends on this module.
"""

# ruff: noqa: E402
from classifier.process import given

CODE_TIMES = given.code_times()  # before more of it is imported

import contextlib
import importlib
import os
import sys
from pathlib import Path

from classifier import parameters
from classifier.errors import InputError
from classifier.process import records
from classifier.process.command import run
from classifier.process.former import put_back_on_error
from classifier.process.launching import failing_together, join
from classifier.process.lock import LOCKS, stage_lock
from classifier.process.trusted import check_deps, outs_of, read_stages

DVC_YAML = Path("dvc.yaml")
DVC_LOCK = Path("dvc.lock")


def run_stage(name: str) -> None:
    """Call the stage's `main` with the sections of params.yaml that it takes."""
    if not LOCKS.parent.is_dir():
        cure = "run from the root of the checkout"
        raise InputError(f"{LOCKS.parent}: no such folder in {Path.cwd()}; {cure}")
    with put_back_on_error(name):
        stage = definition(name)
        params = parameters.read()
        deps = [params.filled(dep) for dep in stage["deps"]]
        marks = given.marks(deps)
        given.refuse(name, given.changed(CODE_TIMES, given.code_times()))
        check_deps(deps, DVC_LOCK)
        main = importlib.import_module(f"stages.{name}").main
        arguments = params.arguments_of(main)
        launcher = getattr(params.sections.get(name), "launcher", "")
        job = join(launcher)
        options = {"job": job} if launcher else {}
        only_first = stage_lock(name) if job.is_first else contextlib.nullcontext()
        with only_first, failing_together(job):
            main(**arguments, **options)
            given.refuse(name, edits(name, stage, marks, params))
            if job.is_first:
                records.keep(name, marks, params.content_for(main), given.marks(outs_of(stage)))


def definition(name: str) -> dict:
    """Return what dvc.yaml says of a stage."""
    return read_stages(DVC_YAML, f"the stage {name}", lambda all_: {"deps": [], **all_[name]})


def edits(name: str, stage: dict, marks: dict, params: parameters.Params) -> list[str]:
    """Return the names of what a stage would be given otherwise now than when it began."""
    main = importlib.import_module(f"stages.{name}").main
    before = params.arguments_of(main)
    after = parameters.read().arguments_of(main)
    changed = given.changed(marks, given.marks(list(marks)))
    changed += [f"params.yaml ({section})" for section in given.changed(before, after)]
    return changed if definition(name) == stage else [*changed, str(DVC_YAML)]


def main():
    names = parameters.stage_names()
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        sys.exit(f"usage: python -m stages NAME, one of {', '.join(names)}")
    run(lambda: run_stage(sys.argv[1]), again="`dvc repro`")
    if "jax" not in sys.modules:  # which takes leave of the other processes at exit
        os._exit(0)  # at once: until DVC has hashed it all, nothing should change any more


if __name__ == "__main__":
    main()
