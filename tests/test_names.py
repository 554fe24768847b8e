"""Names of classes: any that a table, a picture and a page can show."""

import pytest
from pydantic import TypeAdapter, ValidationError

from classifier.datasets.names import Classes

CLASSES = ["cups", "plates", "bowls"]


def test_names_of_classes_are_distinct():
    kind = TypeAdapter(Classes)
    assert kind.validate_python(CLASSES) == CLASSES
    with pytest.raises(ValidationError, match="distinct names"):
        kind.validate_python(["cups", "cups"])


@pytest.mark.parametrize(
    "name",
    [
        "",
        " Hat",
        "Hat ",
        "a\nb",
        "a\x1b[2J",
        "a\tb",
        "<script>",
        "a|b",
        "x" * 101,
        "\u202eabc",
        "\ud800",
    ],
    ids=ascii,
)
def test_name_that_a_table_or_page_cannot_show_is_refused(name):
    with pytest.raises(ValidationError):
        TypeAdapter(Classes).validate_python(["Bag", name], strict=True)


@pytest.mark.parametrize(
    "name", ["T-shirt/top", "50 % off", "$", "$$", "a & b", "C#", "お", "x" * 100, "yes", "1"]
)
def test_other_names_are_taken(name):
    assert TypeAdapter(Classes).validate_python(["Bag", name], strict=True) == ["Bag", name]
