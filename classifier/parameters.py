"""Reads params.yaml, checks all of it whichever section is asked for, and edits it.

Who uses a section annotates it: a stage's `main` has the sections that it reads as parameters, and
the annotation of one is its type. Every other section of the file is a recipe. A stage's `main` may
also take the `recipe` that is trained, or the `teacher` in it.
"""

import importlib
import inspect
import pkgutil
import re
import reprlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

import stages
from classifier.checked import check_value, nearest, read_yaml
from classifier.errors import InputError
from classifier.files.atomic import replacing
from classifier.training.recipes import RECIPES, Recipe

PATH = Path("params.yaml")
OF_RECIPES = {"recipe": "{}", "teacher": "{}.teacher"}  # what stages take, and its key in the file


@dataclass(frozen=True)
class Params:
    """The checked content of params.yaml.

    Attributes:
        sections: those that stages and tools read, by name.
        recipes: all others.
        content: the file's, unchecked.
    """

    sections: dict[str, Any]
    recipes: dict[str, Recipe]
    content: dict[str, Any] = field(default_factory=dict)

    @property
    def recipe(self) -> Recipe:
        """The one that `train.model` names."""
        return self.recipes[self.sections["train"].model]

    def arguments_of(self, main) -> dict:
        """Return what a stage's `main` takes, by name."""
        known = self.sections | {"recipe": self.recipe, "teacher": self.recipe.teacher}
        return {name: known[name] for name in sections_of(main)}

    def filled(self, text: str) -> str:
        """Return a text of dvc.yaml with values of the file in place of `${section.key}`."""

        def value(match) -> str:
            section, _, key = match[1].partition(".")
            return str(self.content[section][key])

        return re.sub(r"\$\{(\w+\.\w+)\}", value, text)

    def content_for(self, main) -> dict:
        """Return what a stage's `main` takes of the file, as DVC records it."""
        model = self.sections["train"].model
        found = {}
        for name in sections_of(main):
            key = OF_RECIPES.get(name, name).format(model)
            section, _, knob = key.partition(".")
            found[key] = self.content[section][knob] if knob else self.content[section]
        return found


def stage_names() -> list[str]:
    """Return the names of the modules in stages/, but for the runner."""
    modules = pkgutil.iter_modules(stages.__path__)
    return [module.name for module in modules if module.name != "__main__"]


def sections_of(main) -> list[str]:
    """Return the names of the sections that a stage's `main` takes: all without a default."""
    parameters = inspect.signature(main).parameters.values()
    return [each.name for each in parameters if each.default is each.empty]


def schemas() -> dict[str, Any]:
    """Return the type of each section of params.yaml that is no recipe."""
    from tools.search.settings import Search

    found = {"search": Search}
    for name in stage_names():
        main = importlib.import_module(f"stages.{name}").main
        for section in sections_of(main):
            annotation = inspect.signature(main).parameters[section].annotation
            if annotation is not inspect.Parameter.empty and section not in OF_RECIPES:
                found[section] = annotation
    return found


def read() -> Params:
    """Return the checked content of params.yaml; InputError names the key, expected, received."""
    try:
        return check(read_yaml(PATH))
    except FileNotFoundError:
        cure = "run from the root of the checkout"
        raise InputError(f"{PATH}: no such file in {Path.cwd()}; {cure}") from None


def check(content) -> Params:
    """Return the parsed file as `Params`; raises InputError as `read` does."""
    if not isinstance(content, dict):
        raise InputError(f"{PATH}: the file: expected sections, received {reprlib.repr(content)}")
    known = schemas()
    for name in content:
        if not isinstance(name, str):
            received = reprlib.repr(name)
            raise InputError(f"{PATH}: expected names of sections to be text, received {received}")
    for name in known:
        if name not in content:
            guess = nearest(name, content.keys() - known, "did you mean it by")
            raise InputError(f"{PATH}: {name}: missing{guess}")
    sections = {name: check_value(kind, content[name], PATH, name) for name, kind in known.items()}
    recipes = {name: check_recipe(content[name], name) for name in content if name not in known}
    for name in recipes:
        if "teacher" not in content[name]:  # without it, DVC could not follow it
            raise InputError(f"{PATH}: {name}.teacher: missing; null for none")
        if "." in str(name):
            expected = "expected a name without a dot, which DVC takes for a key in a section"
            raise InputError(f"{PATH}: {name}: {expected}")
    model = sections["train"].model
    if model not in recipes:
        received = f"received {model!r}{nearest(model, recipes)}"
        raise InputError(f"{PATH}: train.model: expected one of {', '.join(recipes)}, {received}")
    return Params(sections, recipes, content)


def check_recipe(content, key: str) -> Recipe:
    """Return a recipe, by its `network`; raises InputError as `read` does."""
    if not isinstance(content, dict):
        received = reprlib.repr(content)
        raise InputError(f"{PATH}: {key}: expected a valid dictionary, received {received}")
    network = content.get("network", "none")
    kind = RECIPES.get(network) if isinstance(network, str) else None
    if kind is None:
        received = f"received {reprlib.repr(network).strip(chr(39))}{nearest(network, RECIPES)}"
        raise InputError(f"{PATH}: {key}.network: expected one of {', '.join(RECIPES)}, {received}")
    if content.get("teacher") is not None:
        content = content | {"teacher": check_recipe(content["teacher"], f"{key}.teacher")}
    return check_value(kind, content, PATH, key)


def edit(values: dict[str, Any], path: Path = PATH) -> None:
    """Set knobs by their keys, such as `train.seed`; comments and all else in the file stay.

    The layout is that of `dvc exp run -S`, so either changes just the lines of its knobs.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    content = yaml.load(path.read_text(encoding="utf-8"))
    for key, value in values.items():
        *sections, knob = key.split(".")
        section = content
        for name in sections:
            section = section[name]
        _set(section, knob, value)
    with replacing(path) as partial:
        yaml.dump(content, partial)


def _set(section: CommentedMap, knob: str, value) -> None:
    if knob in section:
        section[knob] = value
    else:  # not last, for the empty line after a section belongs to its last knob
        section.insert(max(0, len(section) - 1), knob, value)
