"""Suspects: swapped labels are found, by models that have not seen them, and listed."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from conftest import NAMES, PARAMS, ROOT, make_images
from PIL import Image
from training import RECIPE, changed

from classifier import parameters
from classifier.errors import InputError
from classifier.training.data import Data
from tools.suspects import __main__ as command
from tools.suspects import files
from tools.suspects.parts import deal, without
from tools.suspects.report import CAUTION, Report
from tools.suspects.training import out_of_sample, predict_rows, train

IMAGES, TRUTH = make_images(20, seed=1)
SWAPPED = [3, 34, 58, 71, 95, 120, 143, 166, 187, 199]  # rows, of several classes
# Of 135 rows that are trained with: three even batches, and no early stop.
LONGER = {"batch_size": 45, "epochs": 20, "patience": 20}


def swapped(labels: np.ndarray) -> np.ndarray:
    """Return labels of which those of SWAPPED are other ones."""
    labels = labels.copy()
    labels[SWAPPED] = (labels[SWAPPED] + np.arange(1, 10).repeat(2)[:10]) % 10
    return labels


LABELS = swapped(TRUTH)


def test_every_part_has_its_share_of_every_class():
    labels = np.repeat(np.arange(3, dtype=np.uint8), [8, 12, 5])
    parts = deal(labels, 4, seed=1)
    counts = Counter(zip(labels.tolist(), parts.tolist(), strict=True))
    assert [counts[0, part] for part in range(4)] == [2, 2, 2, 2]
    assert [counts[1, part] for part in range(4)] == [3, 3, 3, 3]
    assert sorted(counts[2, part] for part in range(4)) == [1, 1, 1, 2]
    assert parts.tolist() != deal(labels, 4, seed=2).tolist()


def test_rows_that_are_held_out_neither_train_nor_say_when_to_stop():
    parts = deal(LABELS, 4, seed=1)
    for part in range(4):
        data = without(part, parts, IMAGES, LABELS, seed=1)
        held_out = np.flatnonzero(parts == part)
        rows = np.concatenate([data.train_rows, data.val_rows, held_out])
        assert sorted(rows.tolist()) == list(range(200))
        assert (len(data.train_rows), len(data.val_rows), len(held_out)) == (135, 15, 50)
        assert len(set(LABELS[data.train_rows])) == 10


@pytest.mark.long
def test_labels_that_can_only_be_memorised_are_not_known_out_of_sample():
    """Noise under labels at random: a model that has seen a label knows it, no other one does."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (200, 28, 28, 1), dtype=np.uint8)
    labels = generator.permutation(TRUTH)
    # Without patience the last weights stay, which have memorised what they could.
    recipe = changed(RECIPE, units=[64], dropout=0.0, epochs=40, patience=None)
    every_row = np.arange(200)
    data = Data(images, labels, every_row, every_row)
    seen = train(data, recipe, 1, "all")
    assert (predict_rows(seen, data, every_row).argmax(axis=1) == labels).mean() > 0.9
    unseen = out_of_sample(images, labels, recipe, count=2, seed=1)
    assert (unseen.argmax(axis=1) == labels).mean() < 0.25  # 0.1 by chance


@pytest.mark.extras
def test_swapped_labels_are_found_and_nothing_else():
    pytest.importorskip("cleanlab", reason="needs requirements/suspects.txt")
    from tools.suspects.ranking import rank

    recipe = changed(RECIPE, **LONGER)
    suspects = rank(LABELS, out_of_sample(IMAGES, LABELS, recipe, count=4, seed=1))
    assert sorted(each.row for each in suspects) == SWAPPED
    assert [each.given for each in suspects] == [LABELS[each.row] for each in suspects]
    assert [each.suggested for each in suspects] == [TRUTH[each.row] for each in suspects]
    assert [each.score for each in suspects] == sorted(each.score for each in suspects)


@pytest.mark.extras
def test_ranking_by_hand():
    """Nine images of each of two classes are sure; of three labels, two are doubted."""
    pytest.importorskip("cleanlab", reason="needs requirements/suspects.txt")
    from tools.suspects.ranking import Suspect, rank

    labels = np.array([0] * 9 + [1] * 9 + [0, 1, 0], np.uint8)
    of_class_0 = np.array([0.9] * 9 + [0.1] * 9 + [0.03125, 0.9375, 0.6], np.float32)
    probabilities = np.stack([of_class_0, 1 - of_class_0], axis=1)
    assert rank(labels, probabilities) == [Suspect(18, 0, 1, 0.03125), Suspect(19, 1, 0, 0.0625)]


@pytest.fixture
def project(tmp_path):
    """A folder with what the command reads: a data set of files, of which row 7 is nearly black."""
    folder = tmp_path / "a project"
    (folder / "data" / "processed").mkdir(parents=True)
    (folder / "data" / "raw").mkdir()
    np.save(folder / "data/processed/train_images.npy", IMAGES)
    np.save(folder / "data/processed/train_labels.npy", LABELS)
    (folder / "data/raw/classes.json").write_text(json.dumps(NAMES))
    rows = ["set,row,file,mode,width,height", "test,0,x.png,L,64,64"]
    for row in range(len(LABELS)):
        path = tmp_path / "source" / str(LABELS[row]) / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(row).integers(0, 8 if row == 7 else 256, (64, 64))
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        rows.append(f"train,{row},{LABELS[row]}/{row}.png,L,64,64")
    (folder / "data/raw/files.csv").write_text("\n".join(rows) + "\n")
    shutil.copy(PARAMS, folder / "params.yaml")
    small = {"units": [32, 16], "learning_rate": 0.003} | LONGER
    edits = {f"baseline.{knob}": value for knob, value in small.items()}
    edits["fetch.source"] = str(tmp_path / "source")
    parameters.edit(edits, folder / "params.yaml")
    return folder


def call(folder: Path, *arguments) -> subprocess.CompletedProcess:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    started = [sys.executable, "-m", "tools.suspects", *arguments]
    return subprocess.run(started, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.extras
def test_command_lists_draws_and_writes_them_and_says_what_is_next(project):
    pytest.importorskip("cleanlab", reason="needs requirements/suspects.txt")
    before = {path for path in project.rglob("*") if path.is_file()}
    outputs = ["--csv", "suspects.csv", "--picture", "suspects.png", "--count", "4"]
    done = call(project, *outputs)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["suspects: checks 200 image files …", "suspects: part 1 of 4 …"]
    assert lines[2].startswith("suspects: part 1 of 4  50 images, ")
    assert f"suspects: dark: 1 file: {LABELS[7]}/7.png" in lines
    said, header, *listed, empty, caution, then, wrote, drew = lines[-11:]
    doubted = re.fullmatch(r"suspects: (\d+) of 200 labels are doubted; the first 4", said)[1]
    assert 4 < int(doubted) <= len(SWAPPED)
    assert header.split() == ["rank", "row", "file", "label", "suggested", "score"]
    assert [line.split()[0] for line in listed] == ["1", "2", "3", "4"]
    assert (empty, caution) == ("", CAUTION)
    assert then.startswith(f"suspects: and now? move a wrong file in {project.parent}/source to ")
    assert (wrote, drew) == ("suspects: wrote suspects.csv", "suspects: drew suspects.png")
    with (project / "suspects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["reason"] for row in rows] == ["label"] * 4 + ["dark"]
    for row in rows[:4]:
        number = int(row["row"])
        assert number in SWAPPED
        assert row["file"] == f"{LABELS[number]}/{number}.png"
        assert (row["label"], row["suggested"]) == (NAMES[LABELS[number]], NAMES[TRUTH[number]])
    assert (rows[4]["row"], rows[4]["file"]) == ("7", f"{LABELS[7]}/7.png")
    with Image.open(project / "suspects.png") as image:
        assert image.format == "PNG"
    written = {path for path in project.rglob("*") if path.is_file()} - before
    assert {path.name for path in written} == {"suspects.csv", "suspects.png"}


def test_report_of_a_data_set_without_files_leaves_out_their_column():
    suspect = Namespace(row=1234, given=1, suggested=0, score=0.00012)
    lines = Report([suspect], [], ["boot", "bag"], []).text(1, 2000, Path("my.yaml"))
    assert lines[:4] == [
        "",
        "suspects: 1 of 2,000 labels are doubted",
        "rank   row  label  suggested    score",
        "   1  1234  bag    boot       0.00012",
    ]
    mend = "mend wrong ones in a copy of what my.yaml describes; rows count from 0"
    then = "name the copy's description in fetch.source; then `dvc repro`"
    assert lines[4:] == ["", CAUTION, f"suspects: and now? {mend}; {then}"]


def test_report_of_no_suspects_is_a_line():
    lines = Report([], [], ["boot", "bag"], []).text(0, 2000, Path("my.yaml"))
    assert lines == ["", "suspects: 0 of 2,000 labels are doubted"]


def test_report_names_some_files_of_each_check():
    shown = [Namespace(path=f"{row}.png") for row in range(9)]
    flagged = [Namespace(check="dark", row=row, score=0.1) for row in (4, 0, 1, 2, 3, 5, 6)]
    flagged.append(Namespace(check="odd size", row=8, score=0.2))
    report = Report([], flagged, ["boot", "bag"], shown)
    assert report.text(0, 9, Path("folder"))[:2] == [
        "suspects: dark: 7 files: 4.png, 0.png, 1.png, 2.png, 3.png and 2 more",
        "suspects: odd size: 1 file: 8.png",
    ]
    assert report.table()[-1] == ("odd size", "", 8, "8.png", "", "", "0.2")


@pytest.mark.extras
def test_files_are_checked_by_relative_paths_but_for_modes_that_cannot_be(
    tmp_path, monkeypatch, capsys
):
    pytest.importorskip("cleanvision", reason="needs requirements/suspects.txt")
    from tools.suspects.quality import check_files

    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(pixels // 32).save("../there/dark.png")
    Image.fromarray(pixels).save("../there/good.png")
    Image.fromarray(pixels).convert("LA").save("../there/other.png")
    modes = {"good.png": "L", "other.png": "LA", "dark.png": "L"}
    given = [files.ImageFile(*each) for each in modes.items()]
    (found,) = check_files(Path("../there"), [*given, given[0]])
    assert (found.check, found.row) == ("dark", 2)
    said = "suspects: checks 2 image files …\nsuspects: leaves out 1 of mode LA\n"
    assert capsys.readouterr().out == said
    assert check_files(Path("../there"), given[1:2]) == []


def test_picture_shows_each_suspect_with_both_names():
    from tools.suspects.picture import picture

    suspects = [Namespace(row=34, given=5, suggested=4), Namespace(row=3, given=4, suggested=3)]
    figure = picture(suspects, IMAGES, NAMES, is_negative=True)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["1: row 34", "2: row 3"]
    assert shown[0].get_xlabel() == f"labelled {NAMES[5]}\nrather {NAMES[4]}?"
    np.testing.assert_array_equal(shown[1].images[0].get_array(), IMAGES[3, ..., 0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"recipe": "mpl"},
            "params.yaml: expected a recipe, one of baseline, mlp, cnn, pupil, cnn_pupil, wrn, rec",
        ),
        ({"folds": 1}, "--folds: expected 2 or more, received 1"),
        ({"count": 0}, "--count: expected 1 or more, received 0"),
        ({"csv": Path("data")}, "--csv: expected a file to write, received the folder data"),
    ],
)
def test_option_that_cannot_be_is_refused_before_anything_takes_time(
    values, message, project, monkeypatch
):
    monkeypatch.chdir(project)
    given = {"recipe": None, "folds": 4, "count": 50, "csv": None, "picture": None} | values
    with pytest.raises(InputError) as caught:
        command.check_options(Namespace(**given), parameters.read())
    assert str(caught.value).startswith(message)


def test_class_of_too_few_images_is_named(project, monkeypatch):
    monkeypatch.chdir(project)
    labels = np.minimum(LABELS, 8)
    labels[[3, 4, 5, 6, 7]] = 9
    np.save("data/processed/train_labels.npy", labels)
    with pytest.raises(InputError) as caught:
        command.read(folds=4)
    assert str(caught.value) == (
        "data/processed/train_labels.npy: expected 8 or more images of each class with --folds 4, "
        f"received 5 of {NAMES[9]}; add images, or take fewer --folds"
    )


@pytest.mark.parametrize("classes", [NAMES[:9], [*NAMES, "hat"]])
def test_labels_of_other_classes_are_refused(classes, project, monkeypatch):
    monkeypatch.chdir(project)
    Path("data/raw/classes.json").write_text(json.dumps(classes))
    with pytest.raises(InputError, match=r"data/processed/train_labels\.npy: expected "):
        command.read(folds=4)


def read_files(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        files.read(folder.parent / "source", len(LABELS))
    return str(caught.value).replace(str(folder.parent), "…")


def test_list_of_files_that_does_not_fit_is_refused(project, monkeypatch):
    monkeypatch.chdir(project)
    path = Path("data/raw/files.csv")
    expected = f"{path}: expected the files of 200 training images, as fetched from …/source"
    content = path.read_text()
    path.write_text(content.replace("train,11,", "train,12,"))
    assert read_files(project) == f"{expected}, received 199; run `dvc repro`"
    path.write_text("set,row\ntrain,0\n")
    assert read_files(project) == f"{expected}, received something else; run `dvc repro`"
    path.write_text("set,row,file,mode\n")
    assert read_files(project) == f"{expected}, received 0; run `dvc repro`"
    path.unlink()
    assert read_files(project) == f"{expected}, found no file; run `dvc repro`"


def test_file_that_is_gone_is_named(project, monkeypatch):
    monkeypatch.chdir(project)
    gone = project.parent / "source" / str(LABELS[11]) / "11.png"
    gone.unlink()
    name = f"…/source/{LABELS[11]}/11.png"
    assert read_files(project) == f"{name}: expected an image, found no file; run `dvc repro`"


def test_data_set_that_is_no_folder_has_no_files(project, monkeypatch):
    monkeypatch.chdir(project)
    Path("data/raw/files.csv").write_text("set,row,file,mode\n")
    assert files.read(Path("data/a_data_set.yaml"), len(LABELS)) == []


def test_what_is_to_be_installed_is_named():
    code = """
import runpy, sys
sys.modules['cleanvision'] = None
runpy.run_module('tools.suspects', run_name='__main__')
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    cure = "run `pip install -r requirements/suspects.txt`"
    expected = f"error: cleanvision: expected to be installed; {cure}\n"
    assert (done.returncode, done.stderr) == (1, expected)
