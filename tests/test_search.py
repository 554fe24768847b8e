"""Search: spaces, counting and writing by hand; workers that are killed, with and without a real training."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT
from test_faults import wait_until
from test_params import edited
from test_readme import readme_blocks

from stages import params
from stages.errors import InputError

optuna = pytest.importorskip("optuna", reason="needs requirements/search.txt")
psycopg = pytest.importorskip("psycopg", reason="needs requirements/search.txt")

from optuna.trial import TrialState, create_trial  # noqa: E402

from tools.search import space, study, worker  # noqa: E402

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # of Debian and Ubuntu, not on PATH
POSTGRES = shutil.which("postgres", path=os.pathsep.join([*map(str, PROGRAMS), os.environ["PATH"]]))
ORDINARY = [] if os.geteuid() else ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
PASSWORD = "pass-word"
WORKER = """
import sys, time
from stages import params
from tools.search import stopping, study, worker

settings = params.read()
search = settings.search.model_copy(update={"trials": 8, "grace": 2})
settings = settings.model_copy(update={"search": search})

def train(knobs, live):
    for live.step in (1, 2, 3):
        time.sleep(0.2)
        live.log_metric("val_loss", knobs["dropout"])
        live.next_step()
    return {"val_loss": knobs["dropout"]}

stopping.listen()
shared = study.open_study(study.open_storage(sys.argv[1]), sys.argv[2], "mark", settings)
worker.work(shared, settings, train)
"""


def settings(trials: int = 3, **values) -> params.Params:
    """The committed parameters for a short search, and, where `values` are given, in another space."""
    content = edited("baseline.epochs", 3)
    content["search"] |= {"trials": trials, "grace": 1} | ({"space": values} if values else {})
    return params.check(content)


@pytest.fixture
def storage():
    return optuna.storages.InMemoryStorage()


@pytest.fixture
def shared(storage):
    return study.open_study(storage, "baseline", "mark", settings())


def test_space_is_what_optuna_is_asked_for():
    found = space.distributions(
        settings(
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
    ("values", "message"),
    [
        ({"learningrate": [1]}, "params.yaml: search.space.learningrate: unknown key; did you mean 'learning_rate'?"),
        ({"filters": [[1]]}, "params.yaml: search.space.filters: unknown key"),
        (
            {"dropout": {"low": 0, "high": 1}},
            "params.yaml: search.space.dropout: expected less than 1, received 1.0",
        ),
        ({"units": [[8], []]}, "params.yaml: search.space.units: expected at least 1 item"),
        ({"optimizer": ["adam", "adamm"]}, "params.yaml: search.space.optimizer: expected 'adam', "),
        ({"epochs": {"low": 1.5, "high": 3}}, "params.yaml: search.space.epochs: expected a valid integer"),
        ({"flip": {"low": 0, "high": 1}}, "params.yaml: search.space.flip: expected a valid boolean"),
    ],
)
def test_value_that_the_recipe_does_not_take_is_named(values, message):
    with pytest.raises(InputError) as caught:
        space.distributions(settings(**values))
    assert str(caught.value).startswith(message)


def test_numbers_are_tried_as_they_will_be_written():
    values = {"learning_rate": {"low": 0.00012344, "high": 0.01}, "batch_size": {"low": 1, "high": 99999}}
    found = settings(**values, units=[[8, 4]]).search.space
    trial = create_trial(
        state=TrialState.RUNNING,
        params={"learning_rate": 0.0012345678, "batch_size": 12345, "units": "[8, 4]"},
        distributions=space.distributions(settings(**values, units=[[8, 4]])),
    )
    assert space.knobs_of(trial, found) == {"learning_rate": 0.001235, "batch_size": 12345, "units": [8, 4]}
    trial.params["learning_rate"] = 0.000123441
    assert space.knobs_of(trial, found)["learning_rate"] == 0.00012344  # rounded, it would be too low


def test_writing_changes_the_lines_of_the_knobs_alone(workplace):
    before = (ROOT / "params.yaml").read_text(encoding="utf-8")
    params.PATH.write_text(before, encoding="utf-8")
    space.write({"learning_rate": 1e-05, "units": [8, 4], "flip": True, "batch_size": 64}, "baseline")
    after = params.PATH.read_text(encoding="utf-8")
    removed, added = (Counter(a.splitlines()) - Counter(b.splitlines()) for a, b in ((before, after), (after, before)))
    assert sorted(removed) == [
        "  batch_size: 1024",
        "  learning_rate: 0.0005",
        "  units: [512, 256, 128] # of the hidden Dense layers",
    ]
    assert sorted(added) == [
        "  batch_size: 64",
        "  flip: true",
        "  learning_rate: 1e-05",
        "  units: [8, 4]          # of the hidden Dense layers",
    ]
    recipe = params.read().recipe
    assert (recipe.learning_rate, recipe.units, recipe.flip, recipe.batch_size) == (1e-05, [8, 4], True, 64)


def test_of_workers_that_begin_a_trial_at_once_the_last_is_told():
    done, failed = TrialState.COMPLETE, TrialState.FAIL
    trials = [create_trial(state=state, value=0.0 if state == done else None) for state in (done, failed, done, done)]
    for number, trial in enumerate(trials):
        trial.number = number
    assert [worker.is_surplus(number, trials, total=2) for number in range(4)] == [False, False, False, True]


def test_diverged_trial_counts_and_the_search_goes_on(shared, capsys):
    def train(knobs, live):
        if live.trial.number == 1:
            raise InputError("training diverged in epoch 1")
        return {"val_loss": 0.5}

    worker.work(shared, settings(), train)
    assert [trial.state.name for trial in shared.trials] == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert "search: trial 1  diverged " in capsys.readouterr().out
    assert "3 trials: 2 complete, 1 pruned; 0 of them run again" in study.report(shared, settings().search)[0]
    worker.work(shared, settings(), None)  # nothing is left to train


def test_worker_starts_anew_after_some_trials_and_goes_on(shared, monkeypatch):
    monkeypatch.setattr(worker, "RENEWED", 2)
    assert [worker.work(shared, settings(), lambda knobs, live: {"val_loss": 0.5}) for _ in range(2)] == [False, True]
    assert len(shared.trials) == 3


def test_trial_worse_than_the_median_is_pruned(shared):
    def train(knobs, live):
        for live.step in (1, 2, 3):
            live.log_metric("train_loss", 0.0)
            live.log_metric("val_loss", float(live.trial.number // 5))  # of the first five, 0
            live.next_step()
        return {"val_loss": 0.5}

    worker.work(shared, settings(trials=6), train)
    assert [trial.state.name for trial in shared.trials] == ["COMPLETE"] * 5 + ["PRUNED"]
    assert shared.trials[5].intermediate_values == {1: 1.0}


def test_trial_that_another_worker_has_been_given_counts_once(shared, capsys):
    """As when this one was asleep for longer than `search.grace`."""

    def train(knobs, live):
        if live.trial.number == 0:
            worker.give_back(shared, live.trial, is_lost=True)
        live.step = 1
        live.log_metric("val_loss", 0.5)
        return {"val_loss": 0.5}

    worker.work(shared, settings(), train)
    assert [trial.state.name for trial in shared.trials] == ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    said = capsys.readouterr().out
    assert "search: trial 0  given to another worker meanwhile " in said
    assert re.search(r"search: trial 1  val_loss 0\.5000 .*  \(trial 0 again\)", said)


def test_trial_that_ends_its_worker_is_pruned_at_last(shared):
    tried = []

    def train(knobs, live):
        tried.append(knobs)
        if knobs == tried[0]:
            raise MemoryError
        return {"val_loss": 0.5}

    for _ in range(worker.LOST):
        with pytest.raises(MemoryError):
            worker.work(shared, settings(), train)
    worker.work(shared, settings(), train)
    assert tried[: worker.LOST] == tried[:1] * worker.LOST
    assert Counter(trial.state.name for trial in shared.trials) == {"FAIL": 2, "PRUNED": 1, "COMPLETE": 2}


def test_worker_with_other_data_or_parameters_is_refused(storage, shared):
    with pytest.raises(InputError, match=r"expected the data, .* the study 'baseline' .*, received others"):
        study.open_study(storage, "baseline", "other", settings())
    assert study.open_study(storage, "another-baseline", "other", settings()).trials == []
    assert study.open_study(storage, "baseline", "mark", settings()).study_name == shared.study_name


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("params.yaml", "params.yaml: expected a journal of Optuna's, received something else"),
        ("postgresql://me:secret@127.0.0.1:1/x", "--storage: connection failed: .*refused"),
        ("postgres://me:secret@[::1", "--storage: expected a file, or postgresql://"),
        ("postgresl://me:secret@host/x", "--storage: expected a file, or postgresql://"),
    ],
)
def test_storage_that_is_none_is_an_error_without_its_password(place, message):
    with pytest.raises(InputError, match=message) as caught, study.one_line_errors():
        study.open_storage(place)
    assert "secret" not in str(caught.value)


def test_what_is_to_be_installed_is_named():
    code = "import runpy, sys; sys.modules['optuna'] = None; runpy.run_module('tools.search', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    expected = "error: optuna: expected to be installed; run `pip install -r requirements/search.txt`\n"
    assert (done.returncode, done.stderr) == (1, expected)


@pytest.fixture(scope="module")
def database():
    """The URL of an empty database, on a server for this module."""
    if not POSTGRES:
        pytest.skip("no PostgreSQL is installed")
    folder = Path(tempfile.mkdtemp())  # pytest's own may be entered by its user alone
    if ORDINARY:
        shutil.chown(folder, "nobody")  # PostgreSQL does not run as root
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    options = ["--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--username=me", "--no-sync"]
    initdb = [*ORDINARY, str(Path(POSTGRES).with_name("initdb")), *options, "--locale=C", "-D", data]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/")
    serve = [POSTGRES, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*ORDINARY, *serve], stdout=log, stderr=log, cwd="/")
    url = f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/postgres"

    def answers():
        assert server.poll() is None, (folder / "log").read_text()
        with contextlib.suppress(psycopg.OperationalError):
            return not psycopg.connect(url).close()

    wait_until(answers)
    yield url
    server.send_signal(signal.SIGINT)  # "fast": ends the connections
    server.wait(timeout=20)
    shutil.rmtree(folder)


@pytest.fixture(params=["journal", "database"])
def place(request, tmp_path):
    """Where a storage is."""
    return str(tmp_path / "search.journal") if request.param == "journal" else request.getfixturevalue("database")


def start(command, folder=ROOT, **options):
    return subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def trials_of(place, name):
    """The trials of the one study whose name starts so; none before there is a study."""
    storage = study.open_storage(place)
    names = [each for each in optuna.get_all_study_names(storage) if each.startswith(f"{name}-")]
    trials = optuna.load_study(study_name=names[0], storage=storage).trials if names else []
    if "://" in place:
        storage.remove_session()
        storage.engine.dispose()
    return trials


def is_at_work(place, name, process):
    """Whether a process has a trial in its first epoch."""
    begun = [each for each in trials_of(place, name) if each.state == TrialState.RUNNING and not each.last_step]
    return any(trial.user_attrs.get("worker", "").endswith(f":{process.pid}") for trial in begun)


def check_account(trials, lines, total, killed):
    """Assert that `total` trials have ended, each in one line, and `killed` of them were begun again."""
    ended = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    repeats = [trial for trial in ended if "repeats" in trial.user_attrs]
    said = re.findall(r"^search: trial (\d+)  (?:val_loss|pruned|diverged)", "".join(lines), re.MULTILINE)
    assert len(ended) == total
    assert sorted(map(int, said)) == [trial.number for trial in ended]
    assert len(repeats) == killed
    assert all(trials[trial.user_attrs["repeats"]].state == TrialState.FAIL for trial in repeats)
    assert all(trials[trial.user_attrs["repeats"]].params == trial.params for trial in repeats)
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL}


def test_trials_of_killed_and_stopped_workers_are_run_again_and_none_twice(place):
    command = [sys.executable, "-c", WORKER, place, "fake"]
    workers = [start(command) for _ in range(3)]  # at once, on an empty storage
    for process, number in zip(workers, (signal.SIGKILL, signal.SIGTERM), strict=False):
        wait_until(lambda process=process: is_at_work(place, "fake", process))
        process.send_signal(number)
    outputs = [process.communicate(timeout=60)[0] for process in workers]
    assert [process.returncode for process in workers] == [-signal.SIGKILL, 128 + signal.SIGTERM, 0], outputs
    assert outputs[1].endswith("stopped by SIGTERM: the trial in progress is given back; the same command goes on\n")
    check_account(trials_of(place, "fake"), outputs, total=8, killed=2)
    assert PASSWORD not in "".join(outputs)


def test_commands_of_the_readme_go_on_after_a_killed_worker(copy):
    search_for_real(copy, "search.journal", workers=1)


def test_three_workers_on_a_database_of_which_one_is_killed(copy, database, request):
    total = request.config.getoption("trials")
    if not total:
        pytest.skip("takes minutes: pytest -n0 tests/test_search.py --trials 30")
    search_for_real(copy, database, workers=3, total=total)


def search_for_real(copy, place, workers, total=3):
    """Kill one of some workers, then follow the README: `dvc repro` gives the figures of the best trial."""
    copy.undo()
    copy.edit("trials: 30 ", f"trials: {total} ")
    copy.edit("grace: 60 ", "grace: 3 ")
    env = copy.env | {"SEARCH_STORAGE": place}
    started = [start([sys.executable, "-m", "tools.search"], copy.folder, env=env) for _ in range(workers)]
    path = place if "://" in place else str(copy.folder / place)
    wait_until(lambda: is_at_work(path, "baseline", started[0]))
    started[0].kill()
    outputs = [process.communicate(timeout=600)[0] for process in started]
    (block,) = (block for block in readme_blocks() if "tools.search" in block)
    outputs.append(copy.sh(f"set -e\n{block.replace('search.journal', place)}").stdout)
    trials = trials_of(path, "baseline")
    check_account(trials, outputs, total, killed=1)
    best = min((trial for trial in trials if trial.state == TrialState.COMPLETE), key=lambda trial: trial.value)
    metrics = json.loads((copy.folder / "reports/train/metrics.json").read_text())
    assert {name: metrics[name] for name in best.user_attrs["metrics"]} == best.user_attrs["metrics"]
    assert copy.sh("git diff --stat params.yaml").stdout
    assert PASSWORD not in "".join(outputs)
