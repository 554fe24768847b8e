"""Fonts that have the letters of the classes' names."""

import logging
import warnings

FIRST = "DejaVu Sans"  # Matplotlib's own


def use_fonts_for(names: list[str]) -> str:
    """Let Matplotlib draw names in this machine's fonts; return the letters that none has."""
    import matplotlib
    from matplotlib import font_manager as fonts

    logging.getLogger(fonts.__name__).setLevel(logging.ERROR)  # some have no bold letters
    families = [FIRST]
    lacking = _lacking(fonts.findfont(FIRST), set("".join(names)))
    for path in sorted(fonts.findSystemFonts()) if lacking else ():
        rest = _lacking(path, lacking)
        if rest < lacking:
            fonts.fontManager.addfont(path)
            families.append(fonts.FontProperties(fname=path).get_name())
            lacking = rest
    matplotlib.rcParams["font.family"] = families
    warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the caller says it once
    return "".join(sorted(lacking))


def _lacking(path: str, letters: set[str]) -> set[str]:
    """Return those letters that a font file has not."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(path)
    except RuntimeError:  # damaged, or of another kind
        return letters
    return {letter for letter in letters if not font.get_char_index(ord(letter))}
