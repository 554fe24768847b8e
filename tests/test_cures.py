"""Every cure that docs/failures.md or a message names is run in the situation that it is for."""

import re

import pytest
from conftest import ROOT

PAGE = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.*?) \| (.*?) \|$", PAGE.split("## How to cure")[1], re.MULTILINE)[2:]
ELSEWHERE = {  # a word of the symptom, and the test that runs the cure
    "are missing": "test_cures.py",
    "is not a git repository": "test_places.py",
    "Windows": None,
    "conflicts in `dvc.lock`": "test_merge.py",
    "join() argument": "test_verify.py",
    "in `.dvc/tmp/exps/…`": "test_own_data.py",
    "no source of Fashion-MNIST": "test_fetch.py",
    "No module named": None,  # the README's first command activates
    "failed to run: None": "test_cures.py",
    "after moving the folder": None,  # packages from the network: the first command is .ci/run's
}


def cut_lock(copy) -> None:
    path = copy.folder / "dvc.lock"
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"outs:") + 3])


def conflict(copy) -> None:
    """Leave a merge as Git does without this project's .gitattributes."""
    copy.sh("git rm -q .gitattributes && git commit -qm 'as elsewhere'")
    start = copy.sh("git rev-parse HEAD").stdout.strip()
    for seed in (1, 2):
        copy.sh(f"git checkout -q -b seed-{seed} {start}")
        copy.set({"gate.accuracy": seed / 100})
        copy.sh("dvc repro && git commit -qam run")
    assert "CONFLICT" in copy.sh("git merge seed-1", check=False).stdout
    assert "<<<<<<<" in (copy.folder / "dvc.lock").read_text()
    copy.sh("git checkout -q --ours params.yaml")


def half_written(copy) -> None:
    (copy.folder / ".dvc/tmp/rwlock").write_text('{"write": {')


def unsaved(copy) -> None:
    """Leave a model that DVC has not cached, as a kill does, and another record."""
    (copy.folder / "models/model.keras").unlink()
    (copy.folder / "models/model.keras").write_bytes(b"of a run that was killed")
    (copy.folder / "reports/train/metrics.json").unlink()


def applied(copy) -> None:
    copy.sh("dvc exp save -q -n former")
    copy.set({"baseline.learning_rate": 0.123})
    copy.sh("dvc exp apply former")
    assert "0.123" not in (copy.folder / "params.yaml").read_text()


def leftover(copy) -> None:
    (copy.folder / ".dvc/tmp/exps/standalone/tmpghost").mkdir(parents=True)


def cut_bytecode(copy) -> None:
    """Leave what Python itself leaves where the disk is full while it writes what it compiled."""
    copy.env.pop("PYTHONDONTWRITEBYTECODE", None)
    copy.sh("python -m stages gate")
    (path,) = (copy.folder / "stages/__pycache__").glob("gate.*.pyc")
    path.write_bytes(path.read_bytes()[:-100])


SITUATIONS = {  # a word of the symptom, what brings it about, what fails or shows it
    "`dvc.lock` does not parse": (cut_lock, "dvc status"),
    "`dvc.lock` does not parse ": (conflict, "dvc status"),
    "marshal data too short": (cut_bytecode, "python -m stages gate"),
    ".dvc/tmp/rwlock": (half_written, "dvc repro"),
    "Can't remove the following": (unsaved, "dvc checkout"),
    "for ever": (leftover, "test ! -e .dvc/tmp/exps/standalone"),
    "`dvc exp apply` replaced": (applied, "false"),
}


def test_every_cure_of_the_page_is_run():
    for symptom, _ in ROWS:
        known = [word for word in (*ELSEWHERE, *SITUATIONS) if word.strip() in symptom]
        assert known, symptom
        for word in known:
            place = ELSEWHERE.get(word)
            assert place is None or (ROOT / "tests" / place).exists()


@pytest.mark.parametrize("word", SITUATIONS)
def test_cure_of_the_page_cures(word, fresh):
    bring_about, symptom = SITUATIONS[word]
    (cure,) = [cell for row, cell in ROWS if word.strip() in row]
    (command,) = re.findall(r"`([^`]*)`", cure)
    bring_about(fresh)
    assert fresh.sh(symptom, check=False).returncode
    fresh.sh(command)
    if symptom == "false":
        assert "learning_rate: 0.123" in (fresh.folder / "params.yaml").read_text()
    else:
        fresh.sh(symptom)
        fresh.sh("dvc repro && dvc status")
        assert fresh.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")


def test_conflict_is_named_by_stages_and_verify_with_the_cure_that_cures(fresh):
    conflict(fresh)
    named = "dvc.lock: expected YAML, a merge left conflict markers in it; run `(.*)`, then `(.*)`"
    for command in ("python -m stages predict", "python -m tools.verify"):
        said = fresh.sh(command, check=False).stdout
        assert re.fullmatch(f"error: {named}\n", said)
    first, then = re.search(named, said).groups()
    fresh.sh(f"{first} && {then} && git commit -qam merged")
    assert fresh.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")


def test_folder_that_was_moved_is_named_by_verify_with_the_cure(fresh):
    del fresh.env["DVC_SITE_CACHE_DIR"]
    fresh.sh("dvc config --local core.site_cache_dir /proc/gone/site")
    said = fresh.sh("python -m tools.verify", check=False).stdout
    assert said.startswith("error: [Errno 2] No such file or directory: '/proc/gone")
    fresh.sh(re.search("if this folder was moved, run `(.*)`", said)[1])
    assert fresh.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")


def test_model_that_is_not_the_recorded_one_is_made_again_by_the_named_command(fresh):
    unsaved(fresh)
    said = fresh.sh("python -m stages predict", check=False).stdout
    assert said.startswith("error: models/model.keras: expected MD5 ")
    fresh.sh(re.search("run `(dvc repro)`", said)[1])
    assert fresh.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")
    assert fresh.sh("git status --porcelain").stdout == ""


def test_recipe_with_a_dot_in_its_name_is_cured_by_another_name(fresh):
    fresh.sh("sed -i 's/^baseline:/v1.1:/; s/model: baseline/model: v1.1/' params.yaml")
    assert "Parameters 'v1.1.teacher' are missing" in fresh.sh("dvc repro", check=False).stdout
    fresh.sh("sed -i 's/^v1.1:/other:/; s/model: v1.1/model: other/' params.yaml && dvc repro")
    assert fresh.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")


def test_recipe_that_states_no_teacher_is_cured_by_a_line(fresh):
    fresh.sh("sed -i '0,/^  teacher:/{/^  teacher:/d}' params.yaml")
    assert "Parameters 'baseline.teacher' are missing" in fresh.sh("dvc repro", check=False).stdout
    fresh.sh("sed -i 's/^baseline:.*/&\\n  teacher:/' params.yaml && dvc repro")
    assert fresh.sh("python -m tools.verify").stdout.endswith(" 0 damaged\n")


def test_empty_launcher_ends_the_run_and_mending_it_brings_all_back(fresh):
    fresh.set({"train.launcher": None})
    said = fresh.sh("dvc repro", check=False).stdout
    assert "None python -m stages train, exited with 127" in said  # DVC's words, not the shell's
    fresh.undo()
    assert fresh.repro_heavy() == []
    assert fresh.sh("git status --porcelain").stdout == ""
