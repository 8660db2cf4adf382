"""Fonts for text in any script: Pillow's own font, which has ASCII only, else a font of this machine."""

import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

FOLDERS = tuple(
    Path(folder).expanduser()
    for folder in (
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "~/.local/share/fonts",
        "~/.fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
        "~/Library/Fonts",
        "C:/Windows/Fonts",
    )
)
"""Where Linux, macOS and Windows keep fonts."""
_SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
_STYLES = ("Bold", "Italic", "Oblique", "Light", "Thin", "Condensed", "Mono", "Serif")
_TRIAL_SIZE = 20
_NO_CHARACTER = "\U0010ffff"
_INVISIBLE = frozenset({"Zs", "Cf", "Cc", "Mn"})
"""Categories of characters that have no shape of their own."""


@dataclass
class Fonts:
    """The fonts in `folders`. `missing` collects the characters that none of them has.

    Text is drawn in one font, so that scripts that join letters or run from right to left are shaped correctly, which
    libraqm in Pillow's wheels does.
    """

    folders: Sequence[Path] = FOLDERS
    missing: set[str] = field(default_factory=set)
    _chosen: dict[frozenset[str], tuple[Path | None, frozenset[str]]] = field(default_factory=dict)

    def font(self, text: str, size: int) -> Font:
        """The font that has the most characters of `text`, `size` pixels high."""
        path, _ = self._choice(text)
        return ImageFont.load_default(size) if path is None else ImageFont.truetype(str(path), size)

    def readable(self, text: str) -> str:
        r"""`text`, with characters that the font for it lacks written as escapes, such as \u732b."""
        _, lacking = self._choice(text)
        self.missing |= lacking
        return "".join(c.encode("unicode_escape").decode("ascii") if c in lacking else c for c in text)

    def _choice(self, text: str) -> tuple[Path | None, frozenset[str]]:
        """The file of the font for `text`, None for Pillow's own, and the characters that it lacks."""
        characters = frozenset(c for c in text if unicodedata.category(c) not in _INVISIBLE)
        if characters not in self._chosen:
            self._chosen[characters] = self._best(characters)
        return self._chosen[characters]

    def _best(self, characters: frozenset[str]) -> tuple[Path | None, frozenset[str]]:
        lacking = _lacking(ImageFont.load_default(_TRIAL_SIZE), characters)
        best: tuple[Path | None, frozenset[str]] = None, lacking
        if not lacking:
            return best
        for path in self._files:
            try:
                lacking = _lacking(ImageFont.truetype(str(path), _TRIAL_SIZE), characters)
            except OSError:  # not a font, or one of bitmaps in other sizes
                continue
            if len(lacking) < len(best[1]):
                best = path, lacking
            if not lacking:
                break
        return best

    @cached_property
    def _files(self) -> list[Path]:
        """The font files, plain sans-serif fonts first."""
        found = {path for folder in self.folders for path in _font_files(folder)}
        return sorted(found, key=lambda path: (any(s in path.stem for s in _STYLES), "Sans" not in path.stem, path))


def _font_files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names if Path(name).suffix.lower() in _SUFFIXES)


def _lacking(font: Font, characters: Iterable[str]) -> frozenset[str]:
    """The characters for which `font` draws nothing, or the shape that stands for a missing one."""
    placeholder = _shape(font, _NO_CHARACTER)
    return frozenset(c for c in characters if (shape := _shape(font, c)) == placeholder or not any(shape[1]))


def _shape(font: Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)
