"""What a revision has: read whatever the clone, or one true line and a cure that cures."""

import contextlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Copy
from waiting import wait_until

from classifier.errors import InputError
from tools import revisions
from tools.compare.__main__ import main as compare

PATH = "reports/evaluate/predictions.csv"
COMPARE = "python -m tools.compare"
NONE = "expected a commit or an experiment, found none"
NAMES = "`git log --oneline` and `dvc exp list --all-commits` name what there is"
OTHERS = "take another revision: `git log --oneline -- dvc.lock` names those that changed it"


def mistake(copy) -> None:
    """Commit other predictions."""
    copy.mistake(1)
    copy.sh("git commit -qam mistake")


@pytest.fixture(scope="module")
def repository(copy):
    """The copy with three runs, all but the first tagged, and an experiment's name on two."""
    for row in (1, 2):
        mistake(copy)
        copy.sh(f"git tag run-{row} && dvc exp save -q -n twice")
    copy.sh("dvc exp save -q -n once")
    copy.sh("git config uploadpack.allowFilter true")
    copy.sh("git config uploadpack.allowAnySHA1InWant true")
    return copy


def error_of(copy, *names: str) -> str:
    """Return the line that a comparison fails with."""
    with contextlib.chdir(copy.folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["compare", *shlex.split(" ".join(names))])
        with pytest.raises(InputError) as caught:
            compare()
    return str(caught.value)


@pytest.mark.parametrize("name", ["HEAD", "HEAD~1", "run-1", "once", "twice", "@{0}"])
def test_names_of_git_and_of_experiments_are_found(name, repository):
    with contextlib.chdir(repository.folder):
        revision = revisions.find(name)
        assert revisions.read_output(revision, PATH)


@pytest.mark.parametrize("name", ["nothing", "HEAD~99", "''", "-- -x", "0123456789", "dvc.lock"])
def test_name_of_nothing_is_named(name, repository):
    said = name.removeprefix("-- ").strip("'")
    assert error_of(repository, name) == f"{said}: {NONE}; {NAMES}"


def test_ambiguous_names_are_refused(repository):
    repository.sh("git branch run-1")
    assert error_of(repository, "run-1").startswith("run-1: expected one commit, received: ")
    repository.sh("git branch -D run-1")
    commits = repository.sh("git log --format=%H run-1 -n 1 && git log --format=%H -n 1").stdout
    refs = sorted(f"refs/exps/{each[:2]}/{each[2:]}/twice" for each in commits.split())
    repository.sh("git checkout -q HEAD~2")
    line = error_of(repository, "twice")
    repository.sh("git checkout -q -")
    start = "twice: expected one experiment, found 2 of this name; write one as "
    assert line == f"{start}{', or '.join(refs)}"
    repository.sh(f"{COMPARE} {refs[0]}")


def test_commit_before_the_pipeline_ran_is_named(repository):
    first = repository.sh("git rev-list --max-parents=0 HEAD").stdout.strip()
    expected = f"dvc.lock: expected it at {first}, found no such file there; {OTHERS}"
    assert error_of(repository, first) == expected
    assert repository.sh("git log --oneline -- dvc.lock").stdout


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        ("truncate -s 0 dvc.lock", "received something else"),
        ("echo '<<<<<<< HEAD' >> dvc.lock", "received something else"),
        ("echo 'stages: [1]' > dvc.lock", "received something else"),
        ("echo 'stages: {}' > dvc.lock", "found none"),
    ],
)
def test_record_that_is_damaged_in_git_is_named(edit, found, repository):
    repository.sh(f"git checkout -q --detach && {edit} && git commit -qam damaged")
    line = error_of(repository, "HEAD")
    repository.sh("git checkout -q -")
    assert line.startswith("dvc.lock: expected ")
    assert line.endswith(f" at HEAD, {found}; {OTHERS}")


def test_project_in_a_folder_of_a_larger_repository(repository, tmp_path):
    large = tmp_path / "large"
    place = large / "some" / "project"
    repository.sh(f"git init -q '{large}' && git clone -q . '{place}' && rm -rf '{place}/.git'")
    (place / ".dvc" / "cache").symlink_to(repository.folder / ".dvc" / "cache")
    inside = Copy(place)
    inside.sh("git config user.email a@b && git config user.name a && git add -A . && dvc checkout")
    inside.sh("git commit -qm all")
    mistake(inside)
    done = inside.sh(f"{COMPARE} HEAD~1").stdout
    assert "50 test images; first: HEAD~1; second: the workspace" in done
    assert error_of(inside, "HEAD~2") == f"HEAD~2: {NONE}; {NAMES}"


def without_blobs(repository, folder: Path) -> Copy:
    """Return a clone that fetches files of former commits when they are read."""
    repository.sh(f"git clone -q --filter=blob:none 'file://{repository.folder}' '{folder}'")
    (folder / ".dvc" / "cache").symlink_to(repository.folder / ".dvc" / "cache")
    thin = Copy(folder)
    thin.sh("dvc checkout -q")
    return thin


def test_clone_without_blobs_fetches_what_it_reads(repository, tmp_path):
    thin = without_blobs(repository, tmp_path / "thin")
    assert "first: HEAD~1; second: the workspace" in thin.sh(f"{COMPARE} HEAD~1").stdout


def test_clone_without_blobs_and_remote_says_so_and_the_cure_cures(repository, tmp_path):
    thin = without_blobs(repository, tmp_path / "thin")
    thin.sh("git remote set-url origin file:///nowhere")
    line = error_of(thin, "HEAD~1")
    assert line.startswith("dvc.lock: expected it at HEAD~1, Git cannot read it: fatal: '/nowhere'")
    assert line.endswith("; reach the remote that this clone was made from, then the same command")
    thin.sh(f"git remote set-url origin 'file://{repository.folder}' && {COMPARE} HEAD~1")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_a_read_that_waits_for_a_remote(number, repository, tmp_path):
    thin = without_blobs(repository, tmp_path / "thin")
    waiting = tmp_path / "waiting"
    hanging = tmp_path / "hanging"
    hanging.write_text(f"#!/bin/sh\ntouch '{waiting}'\nexec sleep 1000\n")
    hanging.chmod(0o755)
    thin.sh(f"git config core.sshCommand '{hanging}'; git remote set-url origin ssh://nobody/here")
    command = [sys.executable, "-m", "tools.compare", "HEAD~1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, cwd=thin.folder, env=thin.env, **pipes)
    wait_until(waiting.exists)
    process.send_signal(number)
    assert process.stdout.readline().startswith(f"stopped by {number.name}: ")
    assert process.wait() == 128 + number
    process.stdout.close()


@pytest.mark.slow
def test_predictions_that_nobody_kept_are_named_and_the_cure_cures(fresh):
    fresh.sh("sed -i 's/columns.round(6)/columns.round(5)/' stages/evaluate.py")
    fresh.sh("dvc repro && git commit -qam seven && git tag seven")
    fresh.sh("git checkout -q HEAD~1 && dvc checkout -q && dvc gc -q -f --workspace")
    fresh.set({"train.seed": 9})
    line = error_of(fresh, "seven")
    assert line.startswith(f"{PATH}: expected that of seven in DVC's cache, found none; ")
    make = re.search("`([^`]*dvc repro)` makes it again", line)[1]
    assert make.startswith("git stash && ")
    fresh.sh(f"{make} && git checkout -q -")
    fresh.sh(f"{COMPARE} seven")


def test_predictions_are_taken_from_the_workspace_where_the_cache_has_none(fresh):
    fresh.sh("rm -rf .dvc/cache")
    assert "first: HEAD; second: the workspace" in fresh.sh(COMPARE).stdout


def test_predictions_are_fetched_as_the_line_says(original, tmp_path):
    shutil.copytree(original.folder, tmp_path / "first", symlinks=True)
    first = Copy(tmp_path / "first")
    first.sh(f"dvc remote add -q -d store '{tmp_path}/store' && git commit -qam remote")
    mistake(first)
    mistake(first)
    first.sh(f"dvc push -q --all-commits && git clone -q . '{tmp_path}/clone'")
    clone = Copy(tmp_path / "clone")
    clone.sh("dvc pull -q")
    line = error_of(clone, "HEAD~1")
    clone.sh(re.search("`(dvc fetch[^`]*)` or `dvc exp pull` gets it from a remote", line)[1])
    clone.sh(f"{COMPARE} HEAD~1")


def test_folder_without_git_says_how_to_begin(original, tmp_path):
    folder = tmp_path / "project"
    ignore = shutil.ignore_patterns(".git")
    shutil.copytree(original.folder, folder, symlinks=True, ignore=ignore)
    bare = Copy(folder)
    line = error_of(bare)
    assert line.startswith("HEAD: expected a commit, Git cannot read one here: fatal: not a git ")
    cure = re.search("needs `(.*)`", line)[1]
    bare.sh("git init -q")
    found = "HEAD: expected a commit, found none in this repository yet; make one with "
    assert error_of(bare) == f"{found}`git add -A && git commit -m start`"
    bare.sh(f"git config user.email a@b && git config user.name a && {cure}")
    bare.sh(COMPARE)
