"""Search: spaces and counting by hand; killed workers, with and without a real training."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from conftest import PARAMS, ROOT
from ruamel.yaml import YAML
from waiting import free_port, wait_until

from classifier import parameters
from classifier.errors import Diverged, InputError

optuna = pytest.importorskip("optuna", reason="needs requirements/search.txt")
psycopg = pytest.importorskip("psycopg", reason="needs requirements/search.txt")

from optuna.trial import TrialState, create_trial  # noqa: E402

from tools.search import space, stopping, study, worker  # noqa: E402

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # of Debian and Ubuntu, not on PATH
POSTGRES = shutil.which("postgres", path=os.pathsep.join([*map(str, PROGRAMS), os.environ["PATH"]]))
ORDINARY = []  # what makes a command that of an ordinary user, which PostgreSQL asks for
if os.geteuid() == 0:
    ORDINARY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
PASSWORD = "pass-word"
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
WORKER = """
import sys, time
from classifier import parameters
from tools.search import stopping, study, worker

params = parameters.read()
search = params.sections["search"].model_copy(update={"trials": 8, "grace": 2})
params = parameters.Params(params.sections | {"search": search}, params.recipes)

def train(knobs, on_epoch):
    for number in (1, 2, 3):
        time.sleep(float(sys.argv[3]))
        on_epoch(number, {"val_loss": knobs["dropout"]})
    return {"val_loss": knobs["dropout"]}

stopping.listen()
shared = study.open_study(study.open_storage(sys.argv[1]), sys.argv[2], "mark", params)
worker.work(shared, params, train)
"""


def committed(trials: int = 3, **values) -> parameters.Params:
    """Return the committed parameters for a short search, with `values` as the space if given."""
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load(PARAMS.read_text(encoding="utf-8"))
    content["baseline"]["epochs"] = 3
    content["search"] |= {"trials": trials, "grace": 1}
    if values:
        content["search"]["space"] = values
    return parameters.check(content)


@pytest.fixture
def storage():
    return optuna.storages.InMemoryStorage()


@pytest.fixture
def shared(storage):
    return study.open_study(storage, "baseline", "mark", committed())


def states(shared) -> list[str]:
    return [trial.state.name for trial in shared.trials]


def train_at_once(knobs, on_epoch):
    return {"val_loss": 0.5}


def test_space_is_what_optuna_is_asked_for():
    found = space.distributions(
        committed(
            learning_rate={"low": 0.001, "high": 1, "log": True},
            batch_size={"low": 64, "high": 512},
            units=[[512, 256], [64]],
            flip=[True, False],
        )
    )
    assert found == {
        "learning_rate": optuna.distributions.FloatDistribution(0.001, 1.0, log=True),
        "batch_size": optuna.distributions.IntDistribution(64, 512),
        "units": optuna.distributions.CategoricalDistribution(["[512, 256]", "[64]"]),
        "flip": optuna.distributions.CategoricalDistribution(["true", "false"]),
    }


@pytest.mark.parametrize(
    ("knob", "values", "message"),
    [
        ("learningrate", [1], "unknown key; did you mean 'learning_rate'?"),
        ("filters", [[1]], "unknown key"),
        ("dropout", {"low": 0, "high": 1}, "expected less than 1, received 1.0"),
        ("units", [[8], []], "expected at least 1 item"),
        ("optimizer", ["adam", "adamm"], "expected 'adam', "),
        ("epochs", {"low": 1.5, "high": 3}, "expected a valid integer"),
        ("flip", {"low": 0, "high": 1}, "expected a valid boolean"),
    ],
)
def test_value_that_the_recipe_does_not_take_is_named(knob, values, message):
    with pytest.raises(InputError) as caught:
        space.distributions(committed(**{knob: values}))
    assert str(caught.value).startswith(f"params.yaml: search.space.{knob}: {message}")


def test_numbers_are_tried_as_they_will_be_written():
    params = committed(
        learning_rate={"low": 0.00012344, "high": 0.01},
        batch_size={"low": 1, "high": 99999},
        units=[[8, 4]],
    )
    trial = create_trial(
        state=TrialState.RUNNING,
        params={"learning_rate": 0.0012345678, "batch_size": 12345, "units": "[8, 4]"},
        distributions=space.distributions(params),
    )
    values = params.sections["search"].space
    assert space.knobs_of(trial, values) == {
        "learning_rate": 0.001235,
        "batch_size": 12345,
        "units": [8, 4],
    }
    trial.params["learning_rate"] = 0.000123441  # rounded, it would be too low
    assert space.knobs_of(trial, values)["learning_rate"] == 0.00012344


def test_recipe_with_knobs_of_a_trial_keeps_all_others():
    recipe = committed().recipe
    received = space.with_knobs(recipe, {"learning_rate": 1e-05, "units": [8, 4], "flip": True})
    before = recipe.model_dump()
    after = received.model_dump()
    assert {name: after[name] for name in after if after[name] != before[name]} == {
        "learning_rate": 1e-05,
        "units": [8, 4],
        "flip": True,
    }


def test_of_workers_that_begin_a_trial_at_once_the_last_is_told():
    trials = []
    for number, state in enumerate(["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]):
        value = 0.0 if state == "COMPLETE" else None
        trials.append(create_trial(state=TrialState[state], value=value))
        trials[-1].number = number
    surplus = [worker.is_surplus(number, trials, total=2) for number in range(4)]
    assert surplus == [False, False, False, True]


def test_section_is_dumped_as_it_was_written_and_without_a_warning():
    space = {"learning_rate": {"low": 0.1, "high": 0.2, "log": True}, "units": [[8], [4]]}
    assert committed(**space).sections["search"].model_dump()["space"] == space


def test_each_trial_is_named_when_it_begins(shared, capsys):
    worker.work(shared, committed(trials=2), train_at_once)
    lines = [line for line in capsys.readouterr().out.splitlines() if "…" in line]
    assert lines == [f"search: trial {n} …  {n} of 2 have ended" for n in (0, 1)]


def test_diverged_trial_counts_and_the_search_goes_on(shared, capsys):
    def train(knobs, on_epoch):
        if on_epoch.trial.number == 1:
            raise Diverged("training diverged in epoch 1")
        return {"val_loss": 0.5}

    params = committed()
    assert worker.work(shared, params, train)
    assert states(shared) == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert "search: trial 1  diverged " in capsys.readouterr().out
    summary = study.report(shared, params.sections["search"])[0]
    assert summary == "3 trials: 2 complete, 1 pruned; 0 of them run again"
    worker.work(shared, params, None)  # nothing is left to train


def test_other_errors_of_a_trial_end_the_worker(shared):
    def train(knobs, on_epoch):
        raise InputError("data/split: expected rows")

    with pytest.raises(InputError, match="expected rows"):
        worker.work(shared, committed(), train)
    assert states(shared) == ["FAIL", "WAITING"]


def test_worker_starts_anew_after_some_trials_and_goes_on(shared, monkeypatch):
    monkeypatch.setattr(worker, "MAX_TRIALS", 2)
    ended = [worker.work(shared, committed(), train_at_once) for _ in range(2)]
    assert ended == [False, True]
    assert len(shared.trials) == 3


def test_trial_worse_than_the_median_is_pruned(shared):
    def train(knobs, on_epoch):
        for number in (1, 2, 3):
            val_loss = float(on_epoch.trial.number // 5)  # of the first five, 0
            on_epoch(number, {"train_loss": 0.0, "val_loss": val_loss})
        return {"val_loss": 0.5}

    worker.work(shared, committed(trials=6), train)
    assert states(shared) == ["COMPLETE"] * 5 + ["PRUNED"]
    assert shared.trials[5].intermediate_values == {1: 1.0}


def test_trial_that_another_worker_has_been_given_counts_once(shared, capsys):
    """As when this one was asleep for longer than `search.grace`."""

    def train(knobs, on_epoch):
        if on_epoch.trial.number == 0:
            worker.give_back(shared, on_epoch.trial, is_lost=True)
        on_epoch(1, {"val_loss": 0.5})
        return {"val_loss": 0.5}

    worker.work(shared, committed(), train)
    assert states(shared) == ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    said = capsys.readouterr().out
    assert "search: trial 0  given to another worker meanwhile " in said
    assert re.search(r"search: trial 1  val_loss 0\.5000 .*  \(trial 0 again\)", said)


def test_trial_that_ends_its_worker_is_pruned_at_last(shared):
    tried = []

    def train(knobs, on_epoch):
        tried.append(knobs)
        if knobs == tried[0]:
            raise MemoryError
        return {"val_loss": 0.5}

    lost = worker.MAX_LOST_WORKERS
    for _ in range(lost):
        with pytest.raises(MemoryError):
            worker.work(shared, committed(), train)
    worker.work(shared, committed(), train)
    assert tried[:lost] == tried[:1] * lost
    assert Counter(states(shared)) == {"FAIL": 2, "PRUNED": 1, "COMPLETE": 2}


def test_best_trials_are_in_the_table_with_their_knobs_and_worker(shared):
    def train(knobs, on_epoch):
        return {"val_loss": [0.3, 0.1, 0.2][on_epoch.trial.number]}

    params = committed()
    worker.work(shared, params, train)
    assert [trial.number for trial in study.best_first(shared)] == [1, 2, 0]
    lines = study.report(shared, params.sections["search"])
    header = ["trial", "val_loss", "learning_rate", "dropout", "batch_size", "worker"]
    assert lines[1].split() == header
    assert [line.split()[:2] for line in lines[2:]] == [
        ["1", "0.1000"],
        ["2", "0.2000"],
        ["0", "0.3000"],
    ]
    assert lines[2].split()[-1] == f"{os.uname().nodename}:{os.getpid()}"


def test_worker_with_other_data_or_parameters_is_refused(storage, shared):
    expected = r"expected the data, .* the study 'baseline' .*, received others"
    with pytest.raises(InputError, match=expected):
        study.open_study(storage, "baseline", "other", committed())
    assert study.open_study(storage, "another-baseline", "other", committed()).trials == []
    same = study.open_study(storage, "baseline", "mark", committed())
    assert same.study_name == shared.study_name


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("params.yaml", "params.yaml: expected a journal of Optuna's, received something else"),
        ("postgresql://me:secret@127.0.0.1:1/x", "--storage: connection failed: .*refused"),
        ("postgres://me:secret@[::1", "--storage: expected a file, or postgresql://"),
        ("postgresl://me:secret@host/x", "--storage: expected a file, or postgresql://"),
    ],
)
def test_storage_that_is_none_is_an_error_without_its_password(place, message, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError, match=message) as caught, study.one_line_errors():
        study.open_storage(place)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_journal_that_was_written_in_part_is_cut_back_to_its_last_whole_line(cut, tmp_path, capsys):
    path = tmp_path / "search.journal"
    shared = study.open_study(study.open_storage(str(path)), "baseline", "mark", committed())
    for value in (0.5, 0.25):
        shared.add_trial(create_trial(value=value))
    path.write_bytes(path.read_bytes()[:-cut])
    for trials in (2, 3):  # the first and the second worker after it
        again = study.open_study(study.open_storage(str(path)), "baseline", "mark", committed())
        again.add_trial(create_trial(value=0.125))
        assert len(again.trials) == trials
        assert again.trials[0].value == 0.5
    (line,) = capsys.readouterr().out.splitlines()
    assert re.search(r"search.journal: \d+ bytes of a line that was written in part", line)


@pytest.mark.parametrize("line", [b"hello\n", b'{"op_code":\n', b"[" * 9999 + b"\n", b"7\n"])
def test_last_line_that_is_none_of_a_journal_is_cut_off(line, tmp_path, capsys):
    path = tmp_path / "search.journal"
    study.open_study(study.open_storage(str(path)), "baseline", "mark", committed())
    content = path.read_bytes()
    path.write_bytes(content + line)
    study.open_storage(str(path))
    assert path.read_bytes() == content
    assert f"{len(line)} bytes of a line" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"no journal", b"hello\n", b"line\nhalf a line", b"\x00" * 9])
def test_file_that_is_no_journal_is_refused_and_left_alone(content, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected a journal of Optuna's"):
        study.open_storage(str(path))
    assert path.read_bytes() == content


def test_damaged_line_of_a_journal_is_an_error(tmp_path):
    path = tmp_path / "search.journal"
    study.open_study(study.open_storage(str(path)), "baseline", "mark", committed())
    path.write_bytes(path.read_bytes() + b"nonsense\n" + path.read_bytes())
    with pytest.raises(InputError, match="expected a journal of Optuna's"):
        study.open_storage(str(path))


def test_what_is_to_be_installed_is_named():
    code = """
import runpy, sys
sys.modules['optuna'] = None
runpy.run_module('tools.search', run_name='__main__')
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    cure = "run `pip install -r requirements/search.txt`"
    expected = f"error: optuna: expected to be installed; {cure}\n"
    assert (done.returncode, done.stderr) == (1, expected)


@pytest.fixture
def signalled(monkeypatch):
    """A worker that has received SIGTERM while it might not end."""
    monkeypatch.setattr(stopping, "received", [])
    kept = {number: signal.getsignal(number) for number in stopping.NUMBERS}
    stopping.listen()
    os.kill(os.getpid(), signal.SIGTERM)
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_signal_while_the_storage_is_used_ends_the_worker_once_it_may_stop(signalled, capsys):
    with stopping.may_stop(False):
        pass
    with pytest.raises(SystemExit) as ended, stopping.may_stop(True):
        pytest.fail("it may have ended before")
    assert ended.value.code == 128 + signal.SIGTERM
    given_back = "the trial in progress is given back; the same command goes on"
    assert capsys.readouterr().err == f"stopped by SIGTERM: {given_back}\n"


@pytest.fixture(scope="module")
def database():
    """The URL of an empty database, on a server for this module."""
    if not POSTGRES:
        pytest.skip("no PostgreSQL is installed")
    folder = Path(tempfile.mkdtemp())  # pytest's own may be entered by its user alone
    if ORDINARY:
        shutil.chown(folder, "nobody")
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    port = free_port()
    data = folder / "data"
    login = ["--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--username=me"]
    initdb = [Path(POSTGRES).with_name("initdb"), *login, "--no-sync", "--locale=C", "-D", data]
    subprocess.run([*ORDINARY, *initdb], check=True, stdout=subprocess.DEVNULL, cwd="/")
    serve = [POSTGRES, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*ORDINARY, *serve], stdout=log, stderr=log, cwd="/")
    url = f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/postgres"

    def answers():
        assert server.poll() is None, (folder / "log").read_text()
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url).close()
            return True

    wait_until(answers)
    yield url
    server.send_signal(signal.SIGINT)  # "fast": ends the connections
    server.wait(timeout=60)
    shutil.rmtree(folder)


@pytest.fixture(params=["journal", "database"])
def place(request, tmp_path):
    """Where a storage is."""
    if request.param == "database":
        return request.getfixturevalue("database")
    return str(tmp_path / "search.journal")


def start(command, folder=ROOT, **options):
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=folder, **streams, **options)


def trials_of(place, name):
    """Return the trials of the one study whose name starts so; none before there is a study."""
    storage = study.open_storage(place)
    names = [each for each in optuna.get_all_study_names(storage) if each.startswith(f"{name}-")]
    trials = optuna.load_study(study_name=names[0], storage=storage).trials if names else []
    if "://" in place:
        storage.remove_session()
        storage.engine.dispose()
    return trials


def test_picture_has_a_panel_for_each_knob_with_plain_numbers(storage):
    from tools.search.picture import draw

    params = committed(units=[[8], [9]], learning_rate={"low": 0.001, "high": 0.1, "log": True})
    shared = study.open_study(storage, "baseline", "mark", params)
    distributions = space.distributions(params)
    for units, rate, loss in (("[8]", 0.01, 0.5), ("[9]", 0.02, 0.25)):
        values = {"units": units, "learning_rate": rate}
        shared.add_trial(create_trial(params=values, distributions=distributions, value=loss))
    rates, units, *_ = draw(shared, "val_loss").axes
    assert (rates.get_xlabel(), units.get_xlabel()) == ("learning_rate", "units")
    assert rates.get_ylabel() == "val_loss"
    assert rates.collections[0].get_offsets().tolist() == [[0.01, 0.5], [0.02, 0.25]]
    assert rates.xaxis.get_major_formatter()(0.01) == "0.01"


def is_at_work(place, name, process):
    """Whether a process has a trial in its first epoch."""
    begun = []
    for trial in trials_of(place, name):
        if trial.state == TrialState.RUNNING and not trial.last_step:
            begun.append(trial.user_attrs.get("worker", ""))
    return any(owner.endswith(f":{process.pid}") for owner in begun)


def check_account(trials, lines, total, killed):
    """Assert that `total` trials have ended, each in a line, and `killed` of them began again."""
    ended = [trial for trial in trials if trial.state in ENDED]
    repeats = [trial for trial in ended if "repeats" in trial.user_attrs]
    pattern = r"^search: trial (\d+)  (?:val_loss|pruned|diverged)"
    said = re.findall(pattern, "".join(lines), re.MULTILINE)
    assert len(ended) == total
    assert sorted(map(int, said)) == [trial.number for trial in ended]
    assert len(repeats) == killed
    for trial in repeats:
        former = trials[trial.user_attrs["repeats"]]
        assert former.state == TrialState.FAIL
        assert former.params == trial.params
    assert {trial.state for trial in trials} <= {*ENDED, TrialState.FAIL}


@pytest.mark.slow
def test_trials_of_killed_and_stopped_workers_are_run_again_and_none_twice(place):
    command = [sys.executable, "-c", WORKER, place, "fake"]
    seconds = ("60", "60", "0.4")  # of an epoch: the first two are ended in one, however long
    workers = [start([*command, each]) for each in seconds]  # at once, on an empty storage
    for process, number in zip(workers, (signal.SIGKILL, signal.SIGTERM), strict=False):
        wait_until(lambda process=process: is_at_work(place, "fake", process))
        process.send_signal(number)
    outputs = [process.communicate(timeout=300)[0] for process in workers]
    codes = [process.returncode for process in workers]
    assert codes == [-signal.SIGKILL, 128 + signal.SIGTERM, 0], outputs
    given_back = "the trial in progress is given back; the same command goes on"
    assert outputs[1].endswith(f"stopped by SIGTERM: {given_back}\n")
    check_account(trials_of(place, "fake"), outputs, total=8, killed=2)
    assert PASSWORD not in "".join(outputs)


def commands_of_the_page() -> list[str]:
    """Return the commands of docs/search.md, without the one that installs packages."""
    page = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    block = re.search(r"```console\n(.*?)```", page, re.DOTALL)[1]
    lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    assert lines[0].startswith("pip install -r requirements/search.txt")
    return lines[1:]


@pytest.mark.parametrize("data", ["DATA", "TAUGHT"])
def test_mark_of_a_search_is_of_all_that_its_trials_learn_from(data):
    import training as small

    from tools.search.training import fingerprint

    params = parameters.read()
    given = getattr(small, data)
    mark = fingerprint(params, given)
    assert fingerprint(params, given) == mark
    others = [
        given._replace(labels=given.labels + 1),
        given._replace(taught=small.make_table() / 2),
    ]
    assert mark not in [fingerprint(params, each) for each in others]


@pytest.mark.slow
def test_commands_of_the_page_go_on_after_a_killed_worker(copy):
    commands = commands_of_the_page()
    assert [command.split()[0] for command in commands] == ["export", *3 * ["python"]]
    search_for_real(copy, "search.journal", workers=1)


@pytest.mark.slow
def test_three_workers_on_a_database_of_which_one_is_killed(copy, database, request):
    total = request.config.getoption("trials")
    if not total:
        pytest.skip("takes minutes: pytest -n0 -m slow tests/test_search.py --trials 30")
    search_for_real(copy, database, workers=3, total=total)


def search_for_real(copy, place, workers, total=3):
    """Kill one of some workers, then follow docs/search.md.

    In the end, `dvc repro` gives the figures of the best trial.
    """
    copy.undo()
    copy.set({"search.trials": total, "search.grace": 3})
    env = copy.env | {"SEARCH_STORAGE": place}
    command = [sys.executable, "-m", "tools.search"]
    started = [start(command, copy.folder, env=env) for _ in range(workers)]
    path = place if "://" in place else str(copy.folder / place)
    wait_until(lambda: is_at_work(path, "baseline", started[0]))
    started[0].kill()
    outputs = [process.communicate(timeout=600)[0] for process in started]
    script = "\n".join(["set -e", *commands_of_the_page()])
    outputs.append(copy.sh(script.replace("search.journal", place)).stdout)
    trials = trials_of(path, "baseline")
    check_account(trials, outputs, total, killed=1)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = min(complete, key=lambda trial: trial.value)
    metrics = json.loads((copy.folder / "reports/train/metrics.json").read_text())
    expected = best.user_attrs["metrics"]
    assert {name: metrics[name] for name in expected} == expected
    assert copy.sh("git diff --stat params.yaml").stdout
    assert PASSWORD not in "".join(outputs)
