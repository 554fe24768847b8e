"""Images of one's own: one edit, from nothing to a report; and what DVC sees of the folder."""

import json
import re
import shutil

import numpy as np
import pytest
from conftest import ORDER, PARAMS, ROOT, Copy

from classifier.exports.onnx_model import predict_onnx

PAGE = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
DRAW = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
TRAIN = re.search(r"```bash\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture(scope="module")
def own(original, tmp_path_factory):
    """A project with the published parameters that has done what the page says."""
    folder = tmp_path_factory.mktemp("own data") / "project"
    shutil.copytree(original.folder, folder, symlinks=True)
    shutil.copy(PARAMS, folder / "params.yaml")
    own = Copy(folder)
    (folder / "draw.py").write_text(f"import random\n\nrandom.seed(1)\n{DRAW}")
    own.sh("python draw.py && rm draw.py")
    own.said = own.sh(f"set -e\n{TRAIN}").stdout
    own.sh("git add -A && git commit -qm own")
    return own


def metrics(own, stage: str) -> dict:
    return json.loads((own.folder / "reports" / stage / "metrics.json").read_text())


def test_one_edit_leads_from_a_folder_of_images_to_a_report(own):
    assert re.findall(r"Running stage '(\w+)'", own.said) == ORDER
    for line in re.search(r"```text\n(.*?)…", PAGE, re.DOTALL)[1].splitlines():
        assert f"\n{line}\n" in own.said
    assert metrics(own, "preprocess")["test_images"] == 300
    assert metrics(own, "evaluate")["accuracy"] > 0.95  # 0.99 and more on one machine
    card = (own.folder / "reports/model_card.md").read_text(encoding="utf-8")
    assert "3 classes: blue, green, red" in card
    assert "colour images of 28 × 28 pixels" in card
    assert "Fashion-MNIST" not in card
    predicted = own.said.splitlines()[-3:]
    assert [line.split()[1] for line in predicted] == ["blue", "green", "red"]


def test_file_is_predicted_as_it_was_trained_on(own):
    """The same probabilities through `tools.predict` and through the arrays, to 1e-5."""
    lines = (own.folder / "data/raw/files.csv").read_text().splitlines()[1:]
    arrays = np.load(own.folder / "data/processed/test_images.npy")
    expected = predict_onnx(own.folder / "models/model.onnx", arrays)
    files = [line.split(",")[2] for line in lines if line.startswith("test,")]
    names = " ".join(f"../discs/{name}" for name in files)
    rows = own.sh(f"python -m tools.predict {names} --json").stdout.splitlines()
    received = [json.loads(row)["confidence"] for row in rows]
    np.testing.assert_allclose(received, expected.max(axis=1), atol=1e-5)


def changed(own) -> list[str]:
    """Return the stages that DVC would run; those that follow a changed one are not named."""
    return list(json.loads(own.sh("dvc status --json").stdout))


CHANGES = {
    "add": "cp ../discs/red/1.jpg ../discs/red/new.jpg",
    "remove": "rm ../discs/red/2.jpg",
    "rename": "mv ../discs/blue/3.jpg ../discs/blue/renamed.jpg",
    "a pixel": 'python -c \'from PIL import Image; i = Image.open("../discs/green/4.jpg"); '
    'i.putpixel((0, 0), (0, 0, 0)); i.save("../discs/green/4.jpg", quality=100)\'',
    "a class": "mv ../discs/green ../discs/verde",
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_in_the_folder_is_seen(change, own):
    own.sh("cp -a ../discs ../kept")
    own.sh(CHANGES[change])
    assert changed(own) == ["fetch"]
    own.sh("rm -r ../discs && mv ../kept ../discs")
    assert changed(own) == []


def test_touch_is_no_change_and_a_change_runs_fetch_and_what_follows(own):
    own.sh("find ../discs -exec touch {} +")
    assert own.repro() == []
    own.sh("cp -a ../discs ../kept && mv ../discs/red/5.jpg ../discs/blue/of-red.jpg")
    said = own.sh("dvc repro split").stdout  # the first of what follows: the rest takes long
    assert re.findall(r"Running stage '(\w+)'", said) == ["fetch", "preprocess", "split"]
    assert changed(own)[:2] == ["teach", "train"]
    own.sh("rm -r ../discs && mv ../kept ../discs")
    assert own.repro_heavy() == []
    assert own.sh("git status --porcelain").stdout == ""


def test_folder_under_dvc_comes_with_a_pull_and_nothing_runs(own, tmp_path):
    add = re.search(r"^\$ (cp .*?) +#", PAGE, re.MULTILINE)[1]
    own.sh(f"set -e\n{add}")
    own.set({"fetch.source": "data/discs"})
    assert own.repro_heavy() == ["fetch"]
    own.sh(f"git add -A && git commit -qm added && dvc remote add -q -d store '{tmp_path}/store'")
    own.sh(f"git commit -qam remote && dvc push -q && git clone -q . '{tmp_path}/clone'")
    clone = Copy(tmp_path / "clone")
    clone.sh("dvc pull -q")
    assert clone.repro() == []
    assert clone.sh("git status --porcelain").stdout == ""
    assert len(list((clone.folder / "data/discs/red").iterdir())) == 500


def test_source_that_a_queue_does_not_see_is_cured_by_an_absolute_path(own):
    own.sh("git stash -q 2>/dev/null; git checkout -q HEAD~2 2>/dev/null; dvc checkout -q")
    command = "dvc exp run --temp -S fetch.test_fraction=0.3 fetch"
    assert "No such file or directory" in own.sh(command, check=False).stdout
    absolute = own.folder.parent / "discs"
    done = own.sh(f"{command} -S 'fetch.source={absolute}'", check=False)
    assert done.returncode == 0, done.stdout
