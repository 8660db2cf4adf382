"""The data of events."""

import json

from darkroom.events import ANALYZED, Analyzed, ImageSeen, ModelUsed, Prediction, Source, Timings, json_schemas

EVENT = Analyzed(
    image_id="i",
    stage="classify",
    model=ModelUsed(name="digits.onnx", sha256="9a"),
    image=ImageSeen(width=64, height=48, format="png"),
    predictions=[Prediction(label="sieben (七)", index=7, score=0.5)],
    timings=Timings(decode_ms=1, preprocess_ms=2, inference_ms=3),
    source=Source(topic="t", partition=0, offset=1),
)


def test_an_event_is_json_in_utf_8_without_what_it_does_not_have() -> None:
    text = EVENT.to_json().decode()
    assert "sieben (七)" in text
    data = json.loads(text)
    assert not {"embedding", "tensor", "generation"} & data.keys()
    assert data["imageId"] == "i"
    assert data["timings"] == {"decodeMs": 1.0, "preprocessMs": 2.0, "inferenceMs": 3.0}


def test_an_event_is_read_as_it_was_written_even_by_a_reader_that_knows_less() -> None:
    data = json.loads(EVENT.to_json())
    assert Analyzed.model_validate(data | {"colour": "red"}) == EVENT


def test_every_type_with_json_data_has_its_schema() -> None:
    schemas = json_schemas()
    assert {ANALYZED, f"{ANALYZED}#Classification"} <= set(schemas)
    assert {name.partition("#")[0] for name in schemas} == {ANALYZED}
    assert {"imageId", "stage", "source"} <= set(schemas[ANALYZED]["required"])
