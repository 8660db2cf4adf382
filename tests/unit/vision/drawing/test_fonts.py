"""Labels in any script are readable: in a font of the machine, else as escapes."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from darkroom_vision.drawing.canvas import Canvas
from darkroom_vision.drawing.fonts import FOLDERS, Fonts
from darkroom_vision.drawing.picture import draw
from tests.support.images.pictures import encoded

HAS_DEJAVU = any("DejaVuSans.ttf" in names for folder in FOLDERS for _, _, names in os.walk(folder))
needs_dejavu = pytest.mark.skipif(not HAS_DEJAVU, reason="the machine has no font DejaVu Sans")
PAGE = encoded(Image.new("RGB", (400, 360)), "PNG")
CAT = {"label": "\u732b", "index": 7, "score": 0.75, "box": {"x": 100, "y": 120, "width": 80, "height": 60}}


def drawn(text: str, fonts: Fonts) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    canvas = Canvas(np.zeros((400, 400, 3), np.uint8), fonts)
    canvas.caption([text])
    return np.asarray(canvas.image)


@needs_dejavu
@pytest.mark.parametrize("text", ["caf\u00e9 0.91", "\u043a\u043e\u0448\u043a\u0430 0.91", "\u0642\u0637\u0629 0.91"])
def test_text_outside_ascii_is_drawn_in_a_font_of_the_machine(text: str) -> None:
    fonts = Fonts()
    assert fonts.readable(text) == text
    assert not fonts.missing
    letter = text.replace(text[0], "\uffff")  # a character that no font has
    assert not np.array_equal(drawn(text, fonts), drawn(letter, fonts))


def test_ascii_needs_no_font_of_the_machine(tmp_path: Path) -> None:
    fonts = Fonts([tmp_path])
    assert fonts.readable("person 0.91 (left)") == "person 0.91 (left)"


def test_characters_that_no_font_has_are_escapes_after_the_index_and_are_collected(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    fonts = Fonts([tmp_path, tmp_path / "none"])
    picture = draw(PAGE, {"predictions": [CAT]}, fonts)
    assert fonts.missing == {"\u732b"}
    same = draw(PAGE, {"predictions": [CAT | {"label": "7 \\u732b"}]}, fonts)
    assert np.array_equal(np.asarray(picture), np.asarray(same))
    caption = draw(PAGE, {"text": {"text": "\u732b", "score": 0.5}}, fonts)
    expected = draw(PAGE, {"text": {"text": "\\u732b", "score": 0.5}}, fonts)
    assert np.array_equal(np.asarray(caption), np.asarray(expected))


@needs_dejavu
def test_letters_of_arabic_are_joined_from_right_to_left() -> None:
    assert features.check("raqm")
    font = Fonts().font("\u0642\u0637\u0629", 40)
    joined = font.getlength("\u0642\u0637\u0629")
    assert joined < 0.95 * sum(font.getlength(letter) for letter in "\u0642\u0637\u0629")
