"""Runs a stage, as dvc.yaml does: `python -m stages NAME`.

Before it, all of params.yaml is checked, and what the stage takes on trust. Meanwhile, no other
process runs it. Where it fails, what it had made before is there again. Nothing here decides what
a stage writes, so no stage depends on this module.
"""

import contextlib
import importlib
import sys
from pathlib import Path

from classifier import parameters
from classifier.errors import InputError
from classifier.process import lock
from classifier.process.command import run
from classifier.process.trusted import check_installed, check_recorded, read_stages
from classifier.training.processes import join

LOCKS = Path(".dvc/tmp")  # not in Git, not watched by DVC
DVC_YAML = Path("dvc.yaml")
DVC_LOCK = Path("dvc.lock")


def run_stage(name: str) -> None:
    """Call the stage's `main` with the sections of params.yaml that it takes."""
    if not LOCKS.parent.is_dir():
        place = f"no such folder in {Path.cwd()}"
        raise InputError(f"{LOCKS.parent}: {place}; run from the root of the checkout")
    with former_outputs_on_error(name):
        params = parameters.read()
        check_trusted(name)
        main = importlib.import_module(f"stages.{name}").main
        arguments = params.arguments_of(main)
        launcher = getattr(params.sections.get(name), "launcher", "")
        if not launcher:
            with stage_lock(name):
                main(**arguments)
            return
        job = join(launcher)
        only_first = stage_lock(name) if job.is_first else contextlib.nullcontext()
        with only_first, job.failing_together():
            main(**arguments, job=job)


def stage_lock(name: str):
    """Hold a stage's lock: one can outlive its `dvc`, which would start another beside it."""
    return lock.held(LOCKS / f"{name}.lock", f"{name} stage")


@contextlib.contextmanager
def former_outputs_on_error(name: str):
    """When the block fails, put back what dvc.lock records of a stage, unless another runs it.

    DVC deletes it before a run, but has it cached. If restoring fails as well, as on a full disk,
    the first error is reported; `dvc checkout` does the same later.
    """
    try:
        yield
    except Exception:
        with contextlib.suppress(Exception), stage_lock(name):
            from dvc.repo import Repo

            with Repo() as repo:
                for out in repo.stage.load_one(name=name).outs:
                    if out.use_cache and not out.exists:
                        out.checkout()
        raise


def check_trusted(name: str) -> None:
    """Raise InputError unless packages and models that a stage depends on are the right ones."""
    deps = read_stages(DVC_YAML, f"the stage {name} and its deps", lambda all_: all_[name]["deps"])
    for dep in map(Path, deps):
        if dep.parent.name == "requirements":
            check_installed(dep)
        if dep.suffix == ".keras" and dep.exists():
            check_recorded(dep, DVC_LOCK)


def main():
    names = parameters.stage_names()
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        sys.exit(f"usage: python -m stages NAME, one of {', '.join(names)}")
    run(lambda: run_stage(sys.argv[1]), again="`dvc repro`")


if __name__ == "__main__":
    main()
