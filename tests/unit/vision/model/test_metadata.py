"""The metadata of a file are parsed, never evaluated; values that cannot be parsed are left out."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom_vision.model.metadata import metadata_of, read_metadata
from darkroom_vision.model.onnx_messages import NotProtobuf
from darkroom_vision.model.session import load_model
from tests.support.models.onnx_files import identity_file

YOLO = {
    "names": "{0: 'person', 1: 'bicycle'}",
    "task": "pose",
    "stride": "32",
    "imgsz": "[480, 640]",
    "kpt_shape": "[17, 3]",
}


def test_ultralytics_metadata_are_read() -> None:
    found = metadata_of(YOLO)
    assert found.names == ("person", "bicycle")
    assert (found.task, found.stride, found.image_size, found.keypoint_shape) == ("pose", 32, (480, 640), (17, 3))
    assert found.custom == YOLO


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("['a', 'b']", ("a", "b")),
        ("{'0': 'a', '1': 'b'}", ("a", "b")),
        ('{"1": "b", "0": "a"}', ("a", "b")),
        ("{0: 'a', 2: 'b'}", ()),
        ("{'a': 'b'}", ()),
        ("[['a']]", ()),
        ("[]", ()),
        ("__import__('os').system('true')", ()),
        ("[open('/etc/passwd').read()]", ()),
        ("person", ()),
        ("[" * 10_000, ()),
        ("-" * 100_000 + "1", ()),
        (f"['{'x' * 1_001}']", ()),
        (repr(["x"] * 400_000), ()),
    ],
)
def test_names_are_a_literal_list_or_mapping(written: str, names: tuple[str, ...]) -> None:
    assert metadata_of({"names": written}).names == names


def test_characters_are_separated_by_line_feeds_only() -> None:
    assert metadata_of({"character": "a\n\u2028\n \n\u3000"}).names == ("a", "\u2028", " ", "\u3000")


@pytest.mark.parametrize(
    ("key", "written"),
    [("stride", "'x'"), ("stride", "[]"), ("stride", "-1"), ("imgsz", "[1]"), ("imgsz", "[0, 1]"), ("imgsz", "'ab'")],
)
def test_invalid_numbers_are_left_out(key: str, written: str) -> None:
    found = metadata_of({key: written})
    assert (found.stride, found.image_size) == (None, None)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from([*YOLO, "character"]), st.text()))
def test_any_text_is_parsed_or_left_out(custom: dict[str, str]) -> None:
    assert metadata_of(custom).custom == custom


def test_metadata_are_those_that_onnx_reads(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", [1, 3, 4, 4])
    written = onnx.load(path)
    written.producer_name, written.producer_version = "pytorch", "2.9"
    written.opset_import.append(onnx.helper.make_opsetid("ai.onnx.ml", 3))
    onnx.helper.set_model_props(written, YOLO | {"ä": "ö"})
    onnx.save(written, path)
    found = load_model(path).metadata
    assert (found.producer, found.opset, found.ir_version) == ("pytorch 2.9", 17, 9)
    assert found.opsets == {"": 17, "ai.onnx.ml": 3}
    assert found.custom == YOLO | {"ä": "ö"}
    assert found.names == ("person", "bicycle")


def test_bytes_that_are_not_a_model_are_refused() -> None:
    with pytest.raises(NotProtobuf):
        read_metadata(b"\x0a\xff")


def test_metadata_are_read_with_large_weights_in_the_file(tmp_path: Path) -> None:
    path = identity_file(tmp_path / "x.onnx", [1, 3, 4, 4])
    written = onnx.load(path)
    written.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(1_000_000, np.float32), "unused"))
    onnx.helper.set_model_props(written, YOLO)
    onnx.save(written, path)
    assert read_metadata(path.read_bytes()).names == ("person", "bicycle")
