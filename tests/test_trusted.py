"""What a process takes on trust: packages as stated, models that a stage has written."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from conftest import ROOT

from classifier.errors import InputError
from classifier.process.trusted import check_installed, check_recorded, read_stages

LOCK = Path("dvc.lock")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("keras==0.1", r"keras\.in: expected keras 0\.1 to be installed, received 3\..*; run `pip"),
        (
            "no-such-package==1",
            r"expected no-such-package 1 to be installed, received none; "
            r"run `pip install -r requirements.txt`, or state the version there, then `dvc repro`",
        ),
        ("keras[extra]==0.1", r"expected keras\[extra\] 0\.1 to be installed, received 3\."),
    ],
)
def test_package_of_another_version_is_refused(line, message, tmp_path):
    (tmp_path / "keras.in").write_text(f"# comment\npytest\n{line}\n")
    with pytest.raises(InputError, match=message):
        check_installed(tmp_path / "keras.in")


def test_packages_that_the_stages_state_are_installed():
    check_installed(ROOT / "requirements" / "keras.in")


def pins(name: str) -> list[str]:
    """Return the lines of a requirements file that state a version."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line.split("#")[0].strip() for line in lines if "==" in line]


def plain(pin: str) -> str:
    """Return a pin without what package names may differ in."""
    return pin.replace("-", "").replace(".", "")


def test_every_requirement_has_a_hash_and_every_direct_one_is_there():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    blocks = re.split(r"\n(?=\S)", text)
    assert all("--hash=sha256:" in block for block in blocks)
    compiled = {plain(block.split()[0]) for block in blocks}
    direct = pins("requirements.in") + pins("requirements/keras.in")
    assert len(direct) > 15
    assert [pin for pin in direct if plain(pin) not in compiled] == []


@pytest.fixture
def model(workplace):
    """A file that dvc.lock records as what the stage train has written."""
    path = Path("models/model.keras")
    path.parent.mkdir()
    path.write_bytes(b"a model")
    outs = [{"path": str(path), "hash": "md5", "md5": hashlib.md5(b"a model").hexdigest()}]
    LOCK.write_text(json.dumps({"stages": {"gate": {"cmd": "no outs"}, "train": {"outs": outs}}}))
    return path


def test_recorded_file_is_trusted(model):
    check_recorded(model, LOCK)


def test_file_that_no_stage_has_written_is_refused(model):
    model.write_bytes(b"another")
    received = hashlib.md5(b"another").hexdigest()
    expected = rf"model.keras: expected MD5 \w+, by dvc.lock, received {received}; run `dvc repro`"
    with pytest.raises(InputError, match=expected):
        check_recorded(model, LOCK)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "dvc.lock: expected DVC's record of all outputs, found no file; run `dvc repro`"),
        ("", "dvc.lock: expected DVC's record .* run `git checkout HEAD -- dvc.lock`"),
        ("stages: [", "dvc.lock: expected DVC's record .* run `git checkout HEAD -- dvc.lock`"),
        (
            "stages:\n  train:\n    outs: 3\n",
            "dvc.lock: expected DVC's record .* `git checkout HEAD -- dvc.lock`, then `dvc repro`",
        ),
        (
            "stages: {}",
            "model.keras: expected MD5 of a stage's output, by dvc.lock, "
            "received .*; run `dvc repro`",
        ),
    ],
)
def test_file_without_a_record_is_refused(model, content, message):
    if content is None:
        LOCK.unlink()
    else:
        LOCK.write_text(content)
    with pytest.raises(InputError, match=message):
        check_recorded(model, LOCK)


def test_stage_that_dvc_yaml_does_not_have_is_named(workplace):
    Path("dvc.yaml").write_text("stages: {train: {deps: [a]}}")
    deps = read_stages(Path("dvc.yaml"), "the stage train", lambda stages: stages["train"]["deps"])
    assert deps == ["a"]
    message = (
        "dvc.yaml: expected the stage split, received something else; run `git checkout HEAD -- dvc"
    )
    with pytest.raises(InputError, match=message):
        read_stages(Path("dvc.yaml"), "the stage split", lambda stages: stages["split"]["deps"])
