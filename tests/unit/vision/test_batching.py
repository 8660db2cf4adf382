"""Several images in one run: the same results as one at a time, and models that cannot do that are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from darkroom.api.pipeline import Stage
from darkroom_vision.analyse import Analyser, Failure, LoadedStage, ReadImage, prepare
from darkroom_vision.batching import stacked
from darkroom_vision.model.input import ModelMismatch
from darkroom_vision.model.session import load_model
from tests.support.images.pictures import encoded, picture
from tests.support.models.onnx_files import identity_file, mean_colours_file, onnx_file

FLOAT = TensorProto.FLOAT


def loaded(path: Path, most: int = 8, **fields: Any) -> LoadedStage:
    document = {"name": "x", "model": {"uri": "file:x"}, "output": {"type": "Tensor"}, **fields}
    return prepare(load_model(path), Stage.model_validate(document | {"execution": {"batch": {"max": most}}}))


def read(analyser: Analyser, width: int, slot: int) -> ReadImage:
    image = analyser.read(encoded(picture(40, width, slot), "PNG"), slot)
    assert not isinstance(image, Failure)
    return image


def test_images_of_one_run_keep_their_order_and_their_pixels(tmp_path: Path) -> None:
    analyser = Analyser(loaded(mean_colours_file(tmp_path / "x.onnx")))
    images = [encoded(picture(40, 60, seed), "PNG") for seed in range(5)]
    alone = [analyser.analyse(image) for image in images]
    together = analyser.run([read(analyser, 60, slot) for slot in range(5)])
    for one, other in zip(alone, together, strict=True):
        assert not isinstance(one, Failure)
        np.testing.assert_allclose(other.result["tensor"]["data"], one.result["tensor"]["data"], rtol=1e-5)
        assert other.result["tensor"]["shape"] == [1, 3]


def test_shapes_tell_which_images_may_share_a_run(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", ["N", 1, 16, "W"])
    analyser = Analyser(loaded(path, input={"multipleOf": 8}))
    one, same, wider = (read(analyser, width, slot) for slot, width in enumerate((60, 61, 120)))
    assert one.shapes == same.shapes != wider.shapes
    assert [answer.width for answer in analyser.run([one, same])] == [60, 61]


def test_constants_are_fed_once_and_facts_for_each_image() -> None:
    feeds = [{"image": np.zeros((1, 3, 2, 2)), "im_shape": np.array([[n, n]]), "k": np.array([7])} for n in (1, 2)]
    found = stacked(feeds, {"k"})
    assert {name: feed.tolist() for name, feed in found.items() if name != "image"} == {
        "im_shape": [[1, 1], [2, 2]],
        "k": [7],
    }
    assert found["image"].shape == (2, 3, 2, 2)


def test_a_model_for_one_image_is_refused_with_what_its_file_says(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", [1, 3, 4, 4])
    with pytest.raises(
        ModelMismatch,
        match=r"batch.max is 8, but its input 'image' of shape \(1, 3, 4, 4\) takes one image: export it with",
    ):
        loaded(path)
    assert loaded(path, most=1).model.inputs[0].shape[0] == 1


def test_a_model_whose_input_has_no_batch_axis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch, match="has no batch axis"):
        loaded(identity_file(tmp_path / "x.onnx", [3, 4, 4]))


@pytest.mark.parametrize(
    ("node", "shape", "message"),
    [
        # The mean of all images: one row.
        (helper.make_node("ReduceMean", ["image"], ["seen"], axes=[0], keepdims=1), [1, 1, 4, 4], "has 1 rows"),
        # Divided by the sum over the batch: a row for each image, which depends on the others.
        (helper.make_node("Softmax", ["image"], ["seen"], axis=0), ["N", 1, 4, 4], "depends on the others"),
    ],
)
def test_a_model_that_mixes_the_images_of_a_run_is_refused(
    node: Any, shape: list[int | str], message: str, tmp_path: Path
) -> None:
    path = onnx_file(tmp_path / "x.onnx", [node], {"image": (FLOAT, ["N", 1, 4, 4])}, {"seen": (FLOAT, shape)})
    with pytest.raises(ModelMismatch, match=message):
        loaded(path)


def test_a_model_that_fails_on_two_images_is_refused(tmp_path: Path) -> None:
    shape = np.array([1, 1, 4, 4], np.int64)
    node = helper.make_node("Reshape", ["image", "shape"], ["seen"])
    ports = {"image": (FLOAT, ["N", 1, 4, 4])}, {"seen": (FLOAT, ["N", 1, 4, 4])}
    path = onnx_file(tmp_path / "x.onnx", [node], *ports, {"shape": shape})
    with pytest.raises(ModelMismatch, match="two images in one run fail"):
        loaded(path)
