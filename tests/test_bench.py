"""The benchmarks' functions, on small data; none of the benchmarks is run."""

import importlib
import io
import itertools
import os
import re
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from conftest import DVC_YAML, NAMES, ORDER, PARAMS, ROOT, make_images
from PIL import Image

from bench import (
    commands,
    contenders,
    epochs,
    exports,
    generate,
    measure,
    processes,
    scale,
    serve,
)
from classifier import parameters
from classifier.backend.starting import load_keras
from classifier.files.atomic import write_json
from classifier.images.idx import read_images, read_labels
from classifier.training.data import Data
from stages import fetch, split

ROUND = scale.Round


def rows_of(table: str) -> list[list[str]]:
    """Return the cells of a Markdown table's rows, by a parser that is not the benchmark's."""
    _, _, *lines = table.splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


@pytest.fixture
def small_data(workplace):
    """A training set in the working directory, with the project's params.yaml and dvc.yaml."""
    for path in (PARAMS, ROOT / "dvc.yaml"):
        shutil.copy(path, path.name)
    images, labels = make_images(per_class=6, seed=1)
    generate.IMAGES.parent.mkdir(parents=True)
    np.save(generate.IMAGES, images)
    np.save(generate.LABELS, labels)
    split.TRAIN_ROWS.parent.mkdir()
    np.save(split.TRAIN_ROWS, np.arange(50))
    np.save(split.VAL_ROWS, np.arange(50, 60))
    return Data(images, labels, np.arange(50), np.arange(50, 60))


def small_recipe(**knobs):
    recipe = parameters.read().recipe
    return recipe.model_copy(update={"units": [8, 4], "batch_size": 10} | knobs)


def test_unknown_part_is_named_with_those_there_are():
    with pytest.raises(SystemExit, match="expected any of epochs, scaling, commands, received x y"):
        measure.timed("python -m bench x epochs y", ROOT)


# measure


def test_table_has_a_line_under_its_heads_and_keeps_empty_cells():
    assert measure.table(["a", "b"], [["1", ""]]) == "| a | b |\n| --- | --- |\n| 1 |  |"


def test_spread_of_several_values_is_their_median_and_range():
    assert measure.median_and_range([3.0, 1.0, 2.5]) == "2.50 (1.00 to 3.00)"
    assert measure.median_and_range([3.0, 1.0, 2.5], 1) == "2.50 (1.0 to 3.0)"


def test_spread_of_one_value_is_that_value():
    assert measure.median_and_range([48.561]) == "48.56"


def test_machine_names_installed_packages_only():
    line = measure.machine("numpy", "no-such-package")
    assert f"numpy {np.__version__}; " in line
    assert "no-such-package" not in line
    assert re.search(r"; \d{4}-\d\d-\d\d$", line)


def test_timed_command_runs_in_its_folder_on_this_python(tmp_path):
    run = measure.timed("pwd && which python && echo $DVC_SITE_CACHE_DIR >&2", tmp_path)
    folder, python, site = run.output.splitlines()
    assert folder == str(tmp_path)
    assert os.path.dirname(python) == os.path.dirname(sys.executable)
    assert site.startswith(folder)
    assert run.seconds > 0
    assert run.peak_mb > 0.5  # at most, what the process that started it has


def test_failing_command_ends_the_benchmark_with_its_output(tmp_path):
    with pytest.raises(SystemExit) as error:
        measure.timed("echo the reason; exit 3", tmp_path)
    assert error.value.code == "bench: echo the reason; exit 3: the reason\n"


def test_results_are_written_as_printed(tmp_path, capsys):
    path = tmp_path / "results.md"
    measure.write_results(path, "heading", ["line:", "| a |"])
    assert path.read_text(encoding="utf-8") == "heading\n\nline:\n\n| a |\n"
    assert capsys.readouterr().out == path.read_text(encoding="utf-8")


# epochs


def test_epoch_table_compares_with_this_project_by_medians():
    measured = {
        "keras_fit": ([3.0, 2.0, 4.0], (0.87654, 0.5)),
        "pipeline": ([1.5, 1.0, 9.0], (0.9, 0.25)),
        "floor": ([0.75, 0.75, 0.75], None),
    }
    keras_fit, pipeline, floor = rows_of(epochs.epoch_table(measured, 6_000, 1_000))
    assert keras_fit[1:] == ["3.00 (2.00 to 4.00)", "2,000", "2.00", "0.8765", "2,000"]
    assert pipeline[1:] == ["1.50 (1.00 to 9.00)", "4,000", "1.00", "0.9000", "4,000"]
    assert floor[1:] == ["0.75 (0.75 to 0.75)", "8,000", "0.50", "", ""]


def test_labels_of_contenders_are_those_that_the_results_have():
    results = (ROOT / "bench" / "results.md").read_text(encoding="utf-8")
    for contender in contenders.CONTENDERS.values():
        assert f"\n| {contender.label} | " in results


def test_scaling_table_gives_microseconds_an_image():
    measured = {6_000: ([0.12, 0.3, 0.06], 1_086e6), 600_000: ([12.0], 1_617_400_000)}
    assert rows_of(epochs.scaling_table(measured, image_bytes=784)) == [
        ["6,000", "0.12", "20.0", "1,086", "5"],
        ["600,000", "12.00", "20.0", "1,617", "470"],
    ]


def test_contender_that_ends_is_named_with_a_cure(workplace):
    contender = epochs.ContenderProcess("keras_fit", 128)  # without data
    with pytest.raises(SystemExit) as error:
        contender.ask("epoch")
    contender.close()
    expected = "bench: `python -m bench.contenders keras_fit 128` has ended: it may need"
    assert error.value.code.startswith(expected)


# contenders


def test_contenders_are_imported_without_params_yaml(workplace):
    importlib.reload(contenders)


def test_resized_data_repeats_training_images_and_keeps_those_for_validation(small_data):
    resized = contenders.resized(small_data, 120)
    assert len(resized.train_rows) == 120
    for number in (0, 49, 50, 119):
        row = resized.train_rows[number]
        assert np.array_equal(resized.images[row], small_data.images[number % 50])
        assert resized.labels[row] == small_data.labels[number % 50]
    assert np.array_equal(resized.images[resized.val_rows], small_data.images[50:])
    assert np.array_equal(resized.labels[resized.val_rows], small_data.labels[50:])


def test_requests_are_answered_and_epochs_timed(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("accuracy\nepoch\nmemory\nepoch\n"))
    requests = contenders.Requests({"accuracy": lambda: 0.5, "memory": lambda: 7})
    requests.next_epoch()
    assert capsys.readouterr().out == "0.5\n"
    requests.next_epoch()
    seconds, memory = capsys.readouterr().out.splitlines()
    assert 0 <= float(seconds) < 60
    assert memory == "7"
    with pytest.raises(SystemExit):
        requests.next_epoch()


class EnoughError(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("name", ["keras_fit", "pipeline"])
def test_contender_learns_in_the_epochs_that_are_asked_for(name, small_data):
    load_keras()
    recipe = small_recipe(units=[16], dropout=0.0, learning_rate=0.03)
    contender = contenders.CONTENDERS[name](small_data, recipe, class_count=10)
    accuracies = []

    def next_epoch():
        accuracies.append(contender.accuracy())
        if len(accuracies) == 16:
            raise EnoughError

    with pytest.raises(EnoughError):
        contender.run(next_epoch)
    assert accuracies[0] < 0.5
    assert accuracies[-1] > 0.8


def test_pipeline_trains_as_the_stage_does_but_validates_on_one_image(small_data, monkeypatch):
    calls = []
    monkeypatch.setattr("classifier.training.fit.fit", lambda *args, **_: calls.append(args))
    recipe = small_recipe(batch_size=20)
    contenders.Pipeline(small_data, recipe, class_count=10).run(lambda: None)
    ((_, data, used, _),) = calls
    assert len(data.val_rows) == 1
    assert np.array_equal(data.train_rows, small_data.train_rows)
    changed = {name for name, value in recipe.model_dump().items() if getattr(used, name) != value}
    assert changed == {"epochs", "patience"}
    assert used.patience is None


# commands


def test_stages_are_those_of_dvc_yaml(small_data):
    assert commands.stage_names() == ORDER


def test_empty_pipeline_copies_a_number_along_its_stages():
    assert commands.chain(["a", "b", "c"]) == {
        "a": {"cmd": "echo 1 > a", "outs": ["a"]},
        "b": {"cmd": "cp a b", "deps": ["a"], "outs": ["b"]},
        "c": {"cmd": "cp b c", "deps": ["b"], "outs": ["c"]},
    }


def test_stages_with_keras_or_pictures_and_no_others_have_imports_of_their_own():
    stages = DVC_YAML["stages"].items()
    with_keras = {name for name, stage in stages if "requirements/keras.in" in stage["deps"]}
    with_keras.remove("teach")  # which needs it where the recipe has a teacher
    assert commands.IMPORTS.keys() == with_keras | {"evaluate"}


def test_edited_room_is_a_dependency_of_evaluate_alone():
    room = str(commands.PICTURES.parent)
    stages = DVC_YAML["stages"].items()
    deps = {name: set(stage["deps"]) & {room, str(commands.PICTURES)} for name, stage in stages}
    assert [name for name in deps if deps[name]] == ["evaluate"]
    assert (ROOT / commands.PICTURES).exists()


def test_cold_clone_has_raw_files_and_a_seed_and_nothing_that_was_made(
    small_data, tmp_path, monkeypatch
):
    clone = tmp_path / "clone"
    clone.mkdir()
    shutil.copy(PARAMS, clone)
    (clone / ".gitignore").write_text("models\ndata\n")
    git = "git -c user.email=a@b -c user.name=a"
    measure.timed(f"git init -q . && {git} add -A && {git} commit -qm start", clone)
    for name in ("models/model.keras", ".dvc/cache/files/a", "data/downloads/old"):
        (clone / name).parent.mkdir(parents=True)
        (clone / name).touch()
    Path("data/raw").mkdir()
    Path("data/raw/t10k-labels-idx1-ubyte").write_text("raw")
    commands.make_cold(clone, seed=7)
    files = {str(path.relative_to(clone)) for path in clone.rglob("*") if path.is_file()}
    left = {name for name in files if not name.startswith(".git/")}
    assert left == {".gitignore", "params.yaml", "data/downloads/t10k-labels-idx1-ubyte"}
    monkeypatch.chdir(clone)
    assert parameters.read().sections["train"].seed == 7


def test_appended_comments_differ_and_leave_the_code_alone(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("x = 1\n")
    commands.append_comment(path, 1)
    commands.append_comment(path, 2)
    assert path.read_text() == "x = 1\n# edit 1\n# edit 2\n"


def test_timings_keep_the_last_accuracy_that_each_run_prints(tmp_path):
    timings = commands.Timings()
    for last in ("0.90", "0.88"):
        command = f"echo val_accuracy 0.1; echo best epoch 1  val_accuracy {last}"
        timings.run("training", command, tmp_path)
    timings.run("nothing", "true", tmp_path)
    training, nothing = rows_of(timings.table())
    assert training[0] == "training"
    assert re.fullmatch(r"\d+\.\d\d \(\d+\.\d to \d+\.\d\)", training[1])
    assert training[2:] == ["2", "0.8900"]
    assert nothing[2:] == ["1", ""]


def test_stage_table_has_a_row_for_each_stage():
    runs = {"fetch": measure.Run(0.44, 62.4, ""), "train": measure.Run(36.1, 1228.0, "")}
    start_up = {"fetch": measure.Run(0.31, 60.0, ""), "train": measure.Run(2.6, 900.0, "")}
    assert rows_of(commands.stage_table(runs, start_up)) == [
        ["fetch", "0.4", "0.3", "62"],
        ["train", "36.1", "2.6", "1,228"],
    ]


def test_start_up_of_a_stage_without_keras_imports_its_module_and_no_framework(
    workplace, small_data
):
    command = f"PYTHONPATH='{ROOT}' python -v -m bench.commands start-up split"
    output = measure.timed(command, workplace).output
    imported = set(re.findall(r"^import '(\S+)'", output, re.MULTILINE))
    assert {"stages.split", "stages.fetch"} <= imported  # the latter by the check of params.yaml
    assert not {"keras", "tensorflow", "pandas", "onnx"} & imported


# exports


def test_latencies_are_of_one_image_and_of_all(tmp_path, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(bytes(2_304_222))
    monkeypatch.setattr(exports, "SINGLE_ROUNDS", 3)
    monkeypatch.setattr(exports, "BATCH_ROUNDS", 2)
    counts = []
    models = {"Keras": (path, lambda images: counts.append(len(images)))}
    table = exports.latency_table(models, np.zeros((1_000, 28, 28, 1), np.uint8))
    assert table.startswith("|  | bytes | one image, ms | 1,000 images, s |\n")
    ((name, size, *times),) = rows_of(table)
    assert (name, size) == ("Keras", "2,304,222")
    assert all(float(each) < 60 for each in times)
    assert counts == [1] * 4 + [1_000] * 3  # the first of each is not timed


def test_whole_processes_get_test_images_as_files(monkeypatch):
    sizes = []

    def run(command, **options):
        files = [path for path in command if str(path).endswith(".png")]
        sizes.append([Image.open(io.BytesIO(path.read_bytes())).size for path in files])

    monkeypatch.setattr(exports, "RUNS", 1)
    monkeypatch.setattr(exports.subprocess, "run", run)
    exports.process_table(np.zeros((3, 28, 28, 1), np.uint8))
    assert sizes == [[(28, 28)], [(28, 28)], [(28, 28)] * 3]


# generate


def test_variants_are_moved_mirrored_and_darkened_within_bounds():
    images = np.zeros((500, 28, 28, 1), np.uint8)
    images[:, 10, 5] = 200
    out = generate.variants(images, np.random.default_rng(0))
    assert out.dtype == np.uint8
    assert np.count_nonzero(out) == 500
    _, rows, columns, _ = np.nonzero(out)
    assert set(rows) == {8, 9, 10, 11, 12}
    assert set(columns) == {3, 4, 5, 6, 7, 20, 21, 22, 23, 24}  # 22 mirrors 5
    assert 179 <= out.max(axis=(1, 2, 3)).min() < 185
    assert 195 < out.max() <= 200
    assert (images[:, 10, 5] == 200).all()


@pytest.fixture
def named_data(small_data):
    """The same, with what `fetch` knows of it."""
    fetch.RAW.mkdir()
    write_json(fetch.RAW / "classes.json", NAMES)
    write_json(fetch.RAW / "about.json", {})


def test_generated_set_has_as_many_images_as_asked_for_with_their_labels(
    named_data, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(generate, "PART_IMAGES", 7)
    generate.main(tmp_path / "set", 61)
    assert capsys.readouterr().out == "generate: train 61\ngenerate: t10k 10\n"
    for name, count in {"train": 61, "t10k": 10}.items():
        images = read_images(tmp_path / "set" / f"{name}-images-idx3-ubyte")[..., 0]
        labels = read_labels(tmp_path / "set" / f"{name}-labels-idx1-ubyte")
        assert images.shape == (count, 28, 28)
        # Class c is bright in rows 2 c and 2 c + 1; images are moved by up to two.
        brightest = images.sum(axis=2, dtype=int).argmax(axis=1)
        distance = np.abs(brightest - (2 * labels.astype(int) + 0.5))
        assert (np.minimum(distance, 28 - distance) <= 2.5).all()


def test_stages_take_a_generated_set_as_if_fetch_had_written_it(named_data, tmp_path):
    generate.main(tmp_path / "set", 1_200)
    assert {path.name for path in (tmp_path / "set").iterdir()} == set(fetch.NAMES)
    shutil.rmtree(fetch.RAW)
    scale.use_set(Path.cwd(), tmp_path / "set")
    assert scale.run_stage("preprocess").seconds > 0
    assert scale.run_stage("split").seconds > 0
    assert len(np.load(split.TRAIN_ROWS)) + len(np.load(split.VAL_ROWS)) == 1_200


# processes


def test_epochs_are_timed_from_line_to_line_after_the_warm_up(tmp_path):
    command = 'echo "train: 9 parameters"; for n in 1 2 3 4 5 6; do echo "train: epoch $n/6"; done'
    seconds = processes.epoch_seconds(f"{command}; pwd; echo $KERAS_BACKEND", tmp_path)
    assert len(seconds) == 6 - 1 - processes.WARM_UP_EPOCHS
    assert all(0 <= each < 60 for each in seconds)


def test_failing_training_ends_the_benchmark(tmp_path):
    with pytest.raises(SystemExit) as error:
        processes.epoch_seconds("false", tmp_path)
    assert error.value.code == "bench: false failed"


def test_processes_are_compared_with_the_first_launcher():
    seconds = {"one": [1.0, 2.0, 1.5], "two": [0.75, 0.75, 3.0]}
    assert rows_of(processes.speed_table(seconds, 54_000)) == [
        ["one", "1.50 (1.00 to 2.00)", "36,000", "1.00"],
        ["two", "0.75 (0.75 to 3.00)", "72,000", "2.00"],
    ]


def test_runs_of_launchers_alternate_with_their_knobs(small_data, tmp_path, monkeypatch):
    found = []

    def epoch_seconds(command, folder):
        knobs = parameters.read()
        launcher = knobs.sections["train"].launcher
        found.append((launcher, knobs.recipe.epochs, command.partition(sys.executable)[::2]))
        return [1.0, 2.0, 9.0]

    monkeypatch.setattr(processes, "epoch_seconds", epoch_seconds)
    monkeypatch.setattr(processes, "ROUNDS", 2)
    seconds = processes.measure(tmp_path)
    runs = [
        ("", processes.EPOCHS, (" ", " -m stages train")),
        ("mpirun -n 2", processes.EPOCHS, ("mpirun -n 2 ", " -m stages train")),
    ]
    assert found == [*runs, *runs]
    assert list(seconds.values()) == [[2.0, 2.0], [2.0, 2.0]]


# scale


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0444, "0.044 seconds"),
        (1, "1 seconds"),
        (119.6, "120 seconds"),  # not two minutes yet
        (120, "2 minutes"),
        (7199, "120 minutes"),
        (39_600, "11 hours"),
        (29.4 * 86400, "29 days"),
        (400 * 86400, "400 days"),
    ],
)
def test_time_is_in_the_largest_unit_of_which_there_are_two(seconds, text):
    assert scale.scaled(seconds, scale.TIMES) == text


def test_bytes_are_in_gigabytes_or_terabytes():
    assert scale.scaled(1.84e9, scale.BYTES) == "1.8 GB"
    assert scale.scaled(18.4e12, scale.BYTES) == "18 TB"
    assert scale.scaled(5e6, scale.BYTES) == "0.005 GB"


def test_speed_is_of_the_images_beyond_hardly_any():
    found = {
        ("split", 1_200): [ROUND(1.0, 50), ROUND(2.0, 50), ROUND(9.0, 50)],
        ("split", 61_200): [ROUND(8.0, 50)],
        ("evaluate", 1_200): [ROUND(3.0, 900)],
        ("evaluate", 61_200): [ROUND(5.0, 900)],
    }
    speed = scale.speeds(found)
    assert speed == {
        ("split", 61_200): 10_000,  # 60,000 in 8 - 2 seconds
        ("evaluate", 61_200): pytest.approx(5_000),  # a sixth of 60,000 in 2 seconds
    }


def test_speed_that_would_be_noise_is_not_told():
    found = {
        ("evaluate", 1_200): [ROUND(1.90, 790)],
        ("evaluate", 60_000): [ROUND(1.95, 792)],
        ("evaluate", 600_000): [ROUND(2.90, 798)],
        ("evaluate", 6_000_000): [ROUND(11.90, 841)],
    }
    speed = scale.speeds(found)
    assert speed["evaluate", 60_000] is None
    assert rows_of(scale.measured(found, speed)) == [
        ["evaluate", "10,000", "1.95", "–", "–", "792"],
        ["evaluate", "100,000", "2.90", "99,800", "1.00", "798"],
        ["evaluate", "1,000,000", "11.90", "99,980", "1.00", "841"],
    ]


def test_measured_table_has_medians_of_seconds_and_the_highest_memory():
    found = {
        ("preprocess", 60_000): [ROUND(0.3, 97.4), ROUND(0.2, 96.0), ROUND(0.4, 90.0)],
        ("preprocess", 600_000): [ROUND(2.42, 99.0)],
    }
    speed = {("preprocess", 60_000): 200_000.0, ("preprocess", 600_000): 300_000.0}
    assert rows_of(scale.measured(found, speed)) == [
        ["preprocess", "70,000", "0.30", "200,000", "1.00", "97"],
        ["preprocess", "700,000", "2.42", "300,000", "1.50", "99"],
    ]


def test_plan_adds_up_what_stages_epochs_and_hashes_take():
    # A million: 7/6 of 785 bytes twice and 8 bytes a row: 1,839.67 bytes an image.
    speed = {"preprocess": 7e6 / 60, "split": 1e6, "train": 10_000}
    speed |= {"predict": 1e6 / 42, "evaluate": 1e6 / 18}
    assert scale.plan(10**6, speed, hashed_bytes=1_839_666_667 / 20) == {
        "raw and processed files, split": "1.8 GB",
        "preprocess": "10 seconds",
        "split": "1 seconds",
        "an epoch": "100 seconds",
        "predict, evaluate": "10 seconds",  # 7 and 3
        "DVC's hashes": "20 seconds",
        "all of it, with 10 epochs": "17 minutes",  # 10 + 1 + 1,000 + 10 + 20 = 1,041 seconds
        "two cores for that long": "0.03 $",
        "a copy in a remote, a month": "0.04 $",
    }


def test_planned_table_has_a_column_for_each_number_of_images():
    # What was measured on 25 November 2026, when DVC hashed 1.84 GB in 2.82 seconds.
    speed = {"preprocess": 299_391, "split": 24_822_885, "train": 41_915}
    speed |= {"predict": 2 * 75_738, "evaluate": 2 * 75_738}  # were one stage
    table = scale.planned(speed, hashed_bytes=1.84e9 / 2.82)
    assert table.startswith("| training images | 1 million | 100 million | 10 billion |\n")
    rows = {head: cells for head, *cells in rows_of(table)}
    assert len(rows) == 9
    assert rows["preprocess"] == ["3.9 seconds", "6.5 minutes", "11 hours"]
    assert rows["an epoch"] == ["24 seconds", "40 minutes", "2.8 days"]
    assert rows["all of it, with 10 epochs"] == ["4.1 minutes", "6.9 hours", "29 days"]
    assert rows["a copy in a remote, a month"] == ["0.04 $", "4.23 $", "423.12 $"]


def test_stage_runs_with_its_sections_of_params_yaml_until_it_has_worked_long_enough(
    small_data, monkeypatch, capsys
):
    times = itertools.count(step=0.4)  # of the clock that is read before and after each run
    clock = types.SimpleNamespace(perf_counter=lambda: next(times))
    monkeypatch.setattr(scale, "time", clock)
    found = scale.run_stage("split")
    assert found.seconds == pytest.approx(0.4)
    assert 10 < found.peak_mb < 100_000
    assert capsys.readouterr().out == "split: train 50  val 10\n" * 3
    assert len(np.load(split.VAL_ROWS)) == 10  # round(6 * 0.1), of each class


def test_set_takes_the_place_of_the_former_one(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    processed = tmp_path / "data" / "processed"
    processed.mkdir(parents=True)
    scale.use_set(tmp_path, tmp_path / "first")
    scale.use_set(tmp_path, tmp_path / "second")
    assert (tmp_path / "data" / "raw" / "file").read_text() == "second"
    assert (tmp_path / "first" / "file").read_text() == "first"
    assert not processed.exists()


# serve


def test_request_is_a_form_with_a_test_image(workplace, small_data):
    images = small_data.images
    serve.IMAGES.parent.mkdir(parents=True, exist_ok=True)
    np.save(serve.IMAGES, images)
    body, script = serve.write_request(workplace)
    head, content = body.read_bytes().split(b"\r\n\r\n", 1)
    assert b'name="files"; filename="a.png"' in head
    image = Image.open(io.BytesIO(content.removesuffix(f"\r\n--{serve.BOUNDARY}--\r\n".encode())))
    np.testing.assert_array_equal(np.asarray(image), images[0, ..., 0])
    assert f'io.open("{body}", "rb")' in script.read_text()


def test_rate_is_wrks_and_none_where_an_answer_is_an_error():
    output = "  6000 requests in 6.00s\nRequests/sec:   1194.37\nTransfer/sec:  1MB\n"
    assert serve.rate_in(output) == 1194.37
    with pytest.raises(SystemExit, match="expected answers"):
        serve.rate_in(f"  Non-2xx or 3xx responses: 7\n{output}")


def test_latency_is_heys_99th_percentile_in_milliseconds():
    output = "  95% in 0.0100 secs\n  99% in 0.0252 secs\n\n  [200]\t600 responses\n"
    assert serve.p99_in(output) == pytest.approx(25.2)
    with pytest.raises(SystemExit, match="expected answers"):
        serve.p99_in(f"{output}  [500]\t1 responses\n")
