"""Odd places to run in: each works, or says what to do."""

import json
import os
import shutil

import pytest
from conftest import ORDER

# root may write everywhere, unless it gives that up
SETPRIV = "setpriv --bounding-set=-dac_override --inh-caps=-dac_override "
ORDINARY = "" if os.geteuid() else SETPRIV


@pytest.fixture
def elsewhere(copy, tmp_path):
    """The copy, moved to a path with spaces and letters beyond ASCII."""
    folder = tmp_path / "Überall, außer hier ✓"
    shutil.copytree(copy.folder, folder, symlinks=True)
    return type(copy)(folder)


@pytest.fixture
def hostile(tmp_path):
    """Variables that a user may have set, and files of settings that they lead to."""
    home = tmp_path / "home"
    (home / "keras").mkdir(parents=True)
    keras = {"floatx": "float16", "epsilon": 0.01, "image_data_format": "channels_first"}
    (home / "keras" / "keras.json").write_text(json.dumps(keras | {"backend": "tensorflow"}))
    (home / "matplotlibrc").write_text("font.size: 20\nfigure.facecolor: red\nsavefig.dpi: 30\n")
    home.chmod(0o555)
    return {
        "HOME": str(home),
        "KERAS_HOME": str(home / "keras"),
        "LC_ALL": "C",
        "MATPLOTLIBRC": str(home / "matplotlibrc"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "7",
        "http_proxy": "http://127.0.0.1:9",
    }


def test_everything_runs_to_the_same_lock(elsewhere, hostile):
    """In a sub-folder, with settings of a user's own, a home that cannot be written to, and
    files that only their owner may read: a forced rerun changes nothing.
    """
    lock = (elsewhere.folder / "dvc.lock").read_bytes()
    elsewhere.env |= hostile
    assert elsewhere.sh(f"{ORDINARY}touch ~/file", check=False).returncode
    out = elsewhere.sh(f"cd stages && umask 077 && {ORDINARY}dvc repro -P -f").stdout
    assert out.count("Running stage") == len(ORDER)
    assert (elsewhere.folder / "dvc.lock").read_bytes() == lock
    assert elsewhere.sh("git status --porcelain").stdout == ""
    assert elsewhere.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")


def test_checkout_that_cannot_be_written_to(elsewhere):
    elsewhere.sh("chmod -R a-w .")
    try:
        refused = elsewhere.sh(f"{ORDINARY}dvc repro", check=False)
        stage = elsewhere.sh(f"{ORDINARY}python -m stages split", check=False)
    finally:
        elsewhere.sh("chmod -R u+w .")
    assert refused.returncode
    assert "Permission denied" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert stage.stdout == (
        "error: [Errno 13] Permission denied: '.dvc/tmp/split.lock'; "
        "nothing is half-written: make it writable for this user, then `dvc repro`\n"
    )
    assert elsewhere.repro() == []


def test_download_without_git_is_cured_by_the_command_in_the_readme(elsewhere):
    shutil.rmtree(elsewhere.folder / ".git")
    refused = elsewhere.sh("dvc repro", check=False)
    assert refused.returncode
    assert refused.stdout == f"ERROR: {elsewhere.folder} is not a git repository\n"
    verified = elsewhere.sh("python -m tools.verify", check=False).stdout
    assert "`git init` a download without .git" in verified
    elsewhere.sh(
        "git init -q && git add -A && git -c user.email=a@b -c user.name=a commit -qm start"
    )
    assert elsewhere.repro() == []


def test_stage_in_a_wrong_folder_leaves_nothing_there(elsewhere, tmp_path):
    (tmp_path / "empty").mkdir()
    run = f"PYTHONPATH='{elsewhere.folder}' python -m stages split"
    done = elsewhere.sh(f"cd '{tmp_path}/empty' && {run}", check=False)
    place = f"no such folder in {tmp_path}/empty"
    assert done.stdout == f"error: .dvc: {place}; run from the root of the checkout\n"
    assert list((tmp_path / "empty").iterdir()) == []


def test_truncated_records_of_dvc_are_named_with_a_cure(elsewhere):
    lock = elsewhere.folder / "dvc.lock"
    content = lock.read_bytes()
    lock.write_bytes(content[: content.rindex(b"outs:") + 3])
    out = elsewhere.sh("python -m tools.verify", check=False).stdout
    assert "`git checkout HEAD -- dvc.yaml dvc.lock .dvc/config` repairs those three" in out
    assert "Traceback" not in out
    elsewhere.sh("git checkout HEAD -- dvc.yaml dvc.lock .dvc/config")
    assert elsewhere.repro() == []
