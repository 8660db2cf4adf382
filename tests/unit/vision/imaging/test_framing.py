"""Placing images in the model's input, compared with the formulas of the frameworks."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom_vision.imaging.framing import Framing, Resize, Rounding, fit
from darkroom_vision.imaging.geometry import Point, Size

SIZES = st.tuples(st.integers(1, 20_000), st.integers(1, 20_000))
RESIZES: st.SearchStrategy[Resize] = st.sampled_from(["Stretch", "Letterbox", "Crop"])
ROUNDINGS: st.SearchStrategy[Rounding] = st.sampled_from(["Nearest", "Down", "TextLine"])


@st.composite
def framings(draw: st.DrawFn) -> Framing:
    side = st.none() | st.integers(1, 1_024)
    width, height = draw(side), draw(side)
    is_open = width is None and height is None
    return Framing(
        width,
        height,
        draw(RESIZES),
        crop_fraction=draw(st.floats(0.1, 1)),
        pad_at=draw(st.sampled_from(["Center", "TopLeft"])),
        enlarge=draw(st.booleans()),
        shrink=draw(st.booleans()),
        longest_side=draw(st.integers(64, 2_000)),
        shortest_side=draw(st.none() | st.integers(1, 64)) if is_open else None,
        multiple_of=draw(st.sampled_from([1, 14, 32])),
        rounding=draw(ROUNDINGS if height else st.just("Nearest")),
    )


@pytest.mark.parametrize(
    ("image", "resize", "corner", "size", "inner", "offset"),
    [
        ((640, 480), "Stretch", (0, 0), (640, 480), (224, 224), (0, 0)),
        ((640, 480), "Letterbox", (0, 0), (640, 480), (224, 168), (0, 28)),
        ((480, 640), "Letterbox", (0, 0), (480, 640), (168, 224), (28, 0)),
        ((10_000, 1), "Letterbox", (0, 0), (10_000, 1), (224, 1), (0, 111)),
        ((448, 448), "Crop", (0, 0), (448, 448), (224, 224), (0, 0)),
        ((896, 448), "Crop", (224, 0), (448, 448), (224, 224), (0, 0)),
        ((448, 896), "Crop", (0, 224), (448, 448), (224, 224), (0, 0)),
        ((10_000, 1), "Crop", (4999.5, 0), (1, 1), (224, 224), (0, 0)),
    ],
)
def test_known_sizes_are_placed_as_expected(
    image: Size, resize: Resize, corner: Point, size: Point, inner: Size, offset: Size
) -> None:
    found = fit(image, Framing(224, 224, resize))
    assert (found.corner, found.size, found.inner, found.offset) == (corner, size, inner, offset)
    assert (found.image, found.target) == (image, (224, 224))


@pytest.mark.parametrize("image", [(640, 480), (641, 427), (427, 641), (333, 1001), (97, 101), (500, 256), (256, 256)])
@pytest.mark.parametrize(
    ("size", "fraction", "short"), [(224, 0.875, 256), (224, 0.9, 248), (299, 0.95, 314), (7, 1, 7)]
)
def test_crop_is_torchvisions_resize_and_center_crop(image: Size, size: int, fraction: float, short: int) -> None:
    """`Resize`: int(size * long / short). `CenterCrop`: round((side - crop) / 2.0). timm: floor(size / crop_pct)."""
    width, height = image
    long = int(short * max(image) / min(image))
    resized = (short, long) if width <= height else (long, short)
    left, top = round((resized[0] - size) / 2.0), round((resized[1] - size) / 2.0)
    found = fit(image, Framing(size, size, "Crop", crop_fraction=fraction))
    assert found.inner == found.target == (size, size)
    assert found.corner == pytest.approx((left * width / resized[0], top * height / resized[1]))
    assert found.size == pytest.approx((size * width / resized[0], size * height / resized[1]))


@pytest.mark.parametrize("image", [(1280, 720), (1279, 719), (333, 1001), (640, 640), (97, 101), (1920, 817), (3, 900)])
@pytest.mark.parametrize("enlarge", [True, False])
@pytest.mark.parametrize("target", [(640, 640), (640, 384), None])
def test_letterbox_is_ultralytics(image: Size, enlarge: bool, target: Size | None) -> None:
    """`LetterBox.__call__`; None is `auto=True` with a stride of 32."""
    width, height = target or (640, 640)
    r = min(height / image[1], width / image[0])
    if not enlarge:
        r = min(r, 1.0)
    unpadded = round(image[0] * r), round(image[1] * r)
    dw, dh = float(width - unpadded[0]), float(height - unpadded[1])
    if target is None:
        dw, dh = dw % 32, dh % 32
    dw /= 2
    dh /= 2
    left, right, top, bottom = round(dw - 0.1), round(dw + 0.1), round(dh - 0.1), round(dh + 0.1)
    found = fit(
        image,
        Framing(*target, "Letterbox", enlarge=enlarge)
        if target
        else Framing(None, None, "Letterbox", enlarge=enlarge, longest_side=640, multiple_of=32),
    )
    assert (found.inner, found.offset) == (unpadded, (left, top))
    assert found.target == (unpadded[0] + left + right, unpadded[1] + top + bottom)


@pytest.mark.parametrize("image", [(1280, 720), (1279, 719), (333, 1001), (97, 101), (1920, 817)])
def test_letterbox_rounded_down_at_the_top_left_is_yolox(image: Size) -> None:
    """`preproc`: r = min(H / h, W / w); resized to (int(w * r), int(h * r)); at the upper left corner."""
    r = min(416 / image[1], 416 / image[0])
    found = fit(image, Framing(416, 416, "Letterbox", pad_at="TopLeft", rounding="Down"))
    assert (found.inner, found.offset, found.target) == ((int(image[0] * r), int(image[1] * r)), (0, 0), (416, 416))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ((1920, 1080), (960, 544)),  # 960 x 540
        ((1000, 400), (960, 384)),
        ((500, 300), (512, 288)),  # not enlarged: 15.6 and 9.375 times 32
        ((20, 9), (32, 32)),
        ((3, 2_000), (32, 960)),
    ],
)
def test_pages_take_paddle_ocrs_size(image: Size, expected: Size) -> None:
    """`resize_image_type0` with `limit_type` max and 960: the nearest multiples of 32, at least 32."""
    framing = Framing(None, None, enlarge=False, longest_side=960, multiple_of=32, rounding="Down")
    found = fit(image, framing)
    assert found.target == found.inner == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ((1920, 1080), (1920, 1088)),  # not made smaller: 33.75 times 32
        ((1000, 400), (1856, 736)),  # 1840 is 57.5 times 32, rounded to even
        ((500, 300), (1216, 736)),  # int(1226.67)
        ((736, 736), (736, 736)),
        ((20, 9), (1632, 736)),  # int(1635.56)
        ((3, 2_000), (32, 4_000)),  # at most 4,000, as PaddleOCR's `max_side_limit`
        ((8_000, 6_000), (4_000, 3_008)),
    ],
)
def test_pages_take_paddle_ocrs_size_with_a_shortest_side(image: Size, expected: Size) -> None:
    """`resize_image_type0` with `limit_type` min and 736, RapidOCR's default."""
    framing = Framing(None, None, shrink=False, shortest_side=736, longest_side=4_000, multiple_of=32, rounding="Down")
    found = fit(image, framing)
    assert found.target == found.inner == expected


@pytest.mark.parametrize(
    ("image", "width", "inner", "target"),
    [
        ((100, 50), None, (96, 48), (320, 48)),  # short: padded to 320
        ((1_000, 50), None, (960, 48), (960, 48)),
        ((1_001, 50), None, (960, 48), (960, 48)),  # int(960.96), ceil squeezed to it
        ((99, 50), 320, (96, 48), (320, 48)),  # ceil(95.04)
        ((1_000, 50), 320, (320, 48), (320, 48)),
        ((1_000_000, 50), None, (4_096, 48), (4_096, 48)),
    ],
)
def test_lines_of_text_take_paddle_ocrs_size(image: Size, width: int | None, inner: Size, target: Size) -> None:
    """`resize_norm_img` with `rec_image_shape` 3, 48, 320."""
    found = fit(image, Framing(width, 48, "Letterbox", pad_at="TopLeft", rounding="TextLine"))
    assert (found.inner, found.offset, found.target) == (inner, (0, 0), target)


@pytest.mark.parametrize(
    ("image", "framing", "expected"),
    [
        ((100, 50), Framing(None, 32), (64, 32)),
        ((101, 50), Framing(None, 32, multiple_of=8), (72, 32)),  # 64.64, rounded to 65 and up
        ((50, 100), Framing(32, None), (32, 64)),
        ((9_000, 50), Framing(None, 32, longest_side=640), (640, 32)),
        ((101, 50), Framing(None, 32, "Letterbox", multiple_of=8), (72, 32)),
        ((101, 50), Framing(None, 32, "Crop", multiple_of=8), (64, 32)),
        ((1_000, 500), Framing(None, None, shortest_side=800, longest_side=1_333), (1_333, 666)),
        ((1_000, 800), Framing(None, None, shortest_side=800, longest_side=1_333), (1_000, 800)),
        ((500, 400), Framing(None, None, shortest_side=800, longest_side=1_333), (1_000, 800)),
        ((500, 400), Framing(None, None, shortest_side=800, enlarge=False), (500, 400)),
        ((640, 480), Framing(None, None, "Crop", longest_side=518, multiple_of=14), (518, 378)),
    ],
)
def test_open_sides_follow_the_image(image: Size, framing: Framing, expected: Size) -> None:
    assert fit(image, framing).target == expected


@settings(deadline=None)
@given(image=SIZES, framing=framings())
def test_parts_are_within_the_image_and_the_input(image: Size, framing: Framing) -> None:
    found = fit(image, framing)
    sides = (framing.width, framing.height)
    for axis in (0, 1):
        assert found.corner[axis] >= 0
        assert found.size[axis] > 0
        assert found.corner[axis] + found.size[axis] <= image[axis] * (1 + 1e-9)
        assert found.offset[axis] >= 0
        assert found.inner[axis] >= 1
        assert found.offset[axis] + found.inner[axis] <= found.target[axis]
        side = sides[axis]
        if side is not None:
            assert found.target[axis] == side
        else:
            assert found.target[axis] % framing.multiple_of == 0
            assert found.target[axis] <= max(framing.longest_side, *(s or 0 for s in sides), 320) + framing.multiple_of


@settings(deadline=None)
@given(image=SIZES, framing=framings())
def test_letterbox_keeps_the_aspect_ratio_and_crop_cuts_evenly(image: Size, framing: Framing) -> None:
    found = fit(image, framing)
    (scale_x, scale_y), (x, y) = found.to_image.scale, found.inner
    if framing.resize == "Letterbox" and framing.rounding != "TextLine" and min(x, y) > 1:
        assert math.isclose(scale_x, scale_y, rel_tol=1.1 / min(x, y))
    if framing.resize == "Crop":
        for axis, scale in ((0, scale_x), (1, scale_y)):
            after = image[axis] - found.corner[axis] - found.size[axis]
            assert abs(found.corner[axis] - after) <= scale * 1.01
