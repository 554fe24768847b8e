"""Descriptions of data sets: what is wrong in one is named, by file, key, expected and received."""

import pytest
from conftest import NAMES, ROOT, describe

from classifier.datasets.description import FILES, read
from classifier.errors import InputError

GOOD = {"places": ["."]}


def test_fashion_mnist_is_described_in_full():
    found = read(ROOT / "data" / "fashion_mnist.yaml")
    assert found.classes == NAMES
    for role, name in FILES.items():
        file = getattr(found.files, role)
        assert file.name == name
        assert file.bytes
        assert len(file.sha256) == 64
        assert len(file.md5) == 32
    assert found.card().keys() == {"name", "licence", "licence_tag", "about", "citation"}
    assert len(found.others["handwritten MNIST"]) == 4


def test_relative_places_are_beside_the_file(tmp_path):
    path = describe(tmp_path / "it.yaml", places=["here", "/there", "https://host/data"])
    assert read(path).places == [f"{tmp_path}/here", "/there", "https://host/data"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clases": []}, "clases: unknown key; did you mean 'classes'?"),
        ({"classes": ["a"]}, "classes: expected at least 2 items"),
        ({"classes": ["a", "a"]}, "classes: expected distinct names, received"),
        ({"classes": ["a", "<b>"]}, "classes.1: expected printable text of at most 100 characters"),
        ({"places": []}, "places: expected at least 1 item"),
        (
            {"places": ["https://me:secret@host"]},
            "places.0: expected no user or password in a URL: put them into ~/.netrc",
        ),
        ({"files": {}}, "files.train_images: missing"),
        ({"first_label": -1}, "first_label: expected greater than or equal to 0, received -1"),
        ({"transposed": "yes"}, "transposed: expected a valid boolean, received 'yes'"),
        ({"name": None}, "name: expected a valid string, received None"),
    ],
)
def test_what_is_wrong_is_named(change, message, tmp_path):
    path = describe(tmp_path / "it.yaml", **GOOD | change)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["sha256", "md5"])
def test_hash_that_is_none_is_named(key, tmp_path):
    files = {role: {"name": name, key: "abc"} for role, name in FILES.items()}
    with pytest.raises(InputError, match=f"files.train_images.{key}: expected"):
        read(describe(tmp_path / "it.yaml", files=files, places=["."]))


def test_file_in_another_folder_is_refused(tmp_path):
    files = {role: {"name": f"../{name}"} for role, name in FILES.items()}
    with pytest.raises(InputError, match="expected the name of a file, without a folder"):
        read(describe(tmp_path / "it.yaml", files=files, places=["."]))


@pytest.mark.parametrize("content", ["- a\n", "", "a: [", "text"])
def test_file_that_describes_nothing_is_named(content, tmp_path):
    (tmp_path / "it.yaml").write_text(content)
    with pytest.raises(InputError, match=r"it\.yaml: (the file: expected|not valid YAML)"):
        read(tmp_path / "it.yaml")


@pytest.mark.parametrize("name", ["images.zip", "one.png"])
def test_file_of_another_kind_is_named(name, tmp_path):
    (tmp_path / name).write_bytes(b"PK\x85")
    with pytest.raises(InputError, match=r"expected a folder of images, or a description .* first"):
        read(tmp_path / name)
