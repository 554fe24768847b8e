"""Names of classes in all letters, and with signs that Matplotlib knows as its own."""

import matplotlib
import numpy as np
import pytest
from matplotlib import font_manager

from classifier.drawing import fonts
from classifier.drawing.figures import set_matplotlib
from classifier.evaluation import pictures


@pytest.fixture(autouse=True)
def fresh_settings():
    set_matplotlib()
    yield
    set_matplotlib()


def test_usual_names_are_drawn_in_the_usual_font():
    assert fonts.use_fonts_for(["T-shirt/top", "Mützen", "Ботинки", "$$"]) == ""
    assert matplotlib.rcParams["font.family"] == ["DejaVu Sans"]


def test_letters_that_no_font_has_are_named_once(monkeypatch, recwarn):
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    assert fonts.use_fonts_for(["お", "き", "Hat"]) == "おき"
    draw(["お", "き"])
    assert len(recwarn) == 0


def test_font_that_has_the_letters_is_taken(monkeypatch):
    """Matplotlib's own mathematical font is taken for a font of the machine."""
    path = font_manager.findfont("STIXGeneral")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["/dev/null", path])
    letter = "\u20dd"
    assert fonts.use_fonts_for(["A", letter]) == ""
    assert matplotlib.rcParams["font.family"] == ["DejaVu Sans", "STIXGeneral"]


def draw(names):
    captions = [(name, 0.5, names[-1]) for name in names]
    images = np.zeros((len(names), 28, 28, 1), np.uint8)
    figure = pictures.image_grid("A title", images, captions, 6, is_negative=True)
    figure.canvas.draw()
    return [axes.get_xlabel() for axes in figure.axes[: len(names)]]


@pytest.mark.parametrize("name", ["$", "$$", "$x^2$", "a_b", "50 %", "\\frac"])
def test_name_is_drawn_as_it_is(name):
    assert draw([name, "Hat"])[0] == f"✗ {name} 50.0%\ntrue: Hat"
