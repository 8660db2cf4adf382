"""A detector of bright pixels finds the bright rectangle of an image, however the image was pre-processed."""

import numpy as np
import pytest

from darkroom.api.pipeline import Stage
from darkroom_vision.analyse import Analyser, Analysis, prepare
from darkroom_vision.model.session import OnnxModel, load_model
from tests.support.images.pictures import stored, with_orientation
from tests.support.models.vision_files import bright_box_file

SIZE = (96, 64)
# (width, height) of the image and the bright box in it: one is smaller than the input, one is shrunk by the decoder.
IMAGES = [((50, 80), (10, 30, 30, 20)), ((400, 300), (120, 90, 200, 60)), ((1600, 1200), (480, 360, 800, 240))]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    return load_model(bright_box_file(tmp_path_factory.mktemp("bright") / "bright.onnx", SIZE))


@pytest.mark.parametrize("orientation", [1, 2, 3, 5, 6, 8])
@pytest.mark.parametrize("resize", ["Stretch", "Letterbox", "Crop"])
@pytest.mark.parametrize(("size", "box"), IMAGES)
def test_the_box_is_at_the_rectangle_in_the_image(
    model: OnnxModel, size: tuple[int, int], box: tuple[int, int, int, int], resize: str, orientation: int
) -> None:
    (width, height), (x, y, w, h) = size, box
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y : y + h, x : x + w] = 255
    stage = Stage.model_validate(
        {
            "name": "test",
            "model": {"uri": "file:x.onnx"},
            "input": {"resize": resize},
            "output": {"type": "Detection"},
        }
    )
    answer = Analyser(prepare(model, stage)).analyse(with_orientation(stored(pixels, orientation), "JPEG", orientation))
    assert isinstance(answer, Analysis), answer
    (prediction,) = answer.result["predictions"]
    found = prediction["box"]
    # The model locates edges to a pixel of its input: the error is half a pixel at each edge.
    across, down = width / SIZE[0], height / SIZE[1]
    if resize != "Stretch":
        across = down = max(across, down) if resize == "Letterbox" else min(across, down)
    assert found["x"] == pytest.approx(x, abs=0.51 * across + 0.5)
    assert found["y"] == pytest.approx(y, abs=0.51 * down + 0.5)
    assert found["x"] + found["width"] == pytest.approx(x + w, abs=0.51 * across + 0.5)
    assert found["y"] + found["height"] == pytest.approx(y + h, abs=0.51 * down + 0.5)
