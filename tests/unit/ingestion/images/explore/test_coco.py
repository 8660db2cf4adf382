"""Results as a COCO data set."""

import json
from typing import Any

import pytest

from darkroom_ingestion.images.explore.coco import number_of
from darkroom_ingestion.images.explore.coco_file import CocoFile
from darkroom_ingestion.images.explore.export import Exported

SIZE = {"width": 4, "height": 3, "format": "jpeg"}
# Of 3 x 4 pixels, the last two of the second column: runs of 4, 2 and 6.
MASK = {"size": [3, 4], "counts": "426"}


def exported(image_id: str, **by_stage: dict[str, Any]) -> Exported:
    document = {
        "id": image_id,
        "state": "Analyzed",
        "receivedAt": "2026-11-23T12:00:00.000Z",
        "image": {"contentType": "image/jpeg"},
    }
    return Exported(document, {stage: json.dumps({"image": SIZE, **data}) for stage, data in by_stage.items()})


def written(images: list[Exported], then: list[Exported] | None = None) -> dict[str, Any]:
    file = CocoFile("demo/digits")
    parts = [file.start(), *(file.images([one]) for one in images), file.end_of_images()]
    parts += [*(file.annotations([one]) for one in (images if then is None else then)), file.end()]
    found: dict[str, Any] = json.loads("".join(parts))
    return found


def detected(**fields: Any) -> dict[str, Any]:
    return {"outputType": "Detection", "predictions": [{"label": "dog", "index": 1, "score": 0.5, **fields}]}


def test_boxes_are_annotations_of_images() -> None:
    box = {"x": 1.0, "y": 0.5, "width": 2.0, "height": 1.5}
    found = written([exported("a", detect=detected(box=box)), exported("b"), exported("c", detect=detected(box=box))])

    assert [image["id"] for image in found["images"]] == [number_of(name) for name in "abc"]
    first = {"file_name": "a.jpg", "width": 4, "height": 3, "date_captured": "2026-11-23T12:00:00.000Z"}
    assert found["images"][0].items() >= first.items()
    assert "width" not in found["images"][1]
    assert found["categories"] == [{"id": 1, "name": "dog", "supercategory": "detect"}]
    fields = {
        "category_id": 1,
        "bbox": [1.0, 0.5, 2.0, 1.5],
        "area": 3.0,
        "iscrowd": 0,
        "score": 0.5,
        "stage": "detect",
    }
    assert found["annotations"] == [
        {"id": 1, "image_id": number_of("a"), **fields},
        {"id": 2, "image_id": number_of("c"), **fields},
    ]


@pytest.mark.parametrize(
    ("result", "annotation"),
    [
        (
            {"outputType": "Segmentation", "classes": [{"label": "road", "index": 0, "fraction": 0.2, "mask": MASK}]},
            {"segmentation": MASK, "area": 2, "bbox": [1, 1, 1, 2], "score": 0.2},
        ),
        (
            detected(box={"x": 0, "y": 0, "width": 4, "height": 3}, mask=MASK),
            {"segmentation": MASK, "area": 2, "bbox": [0, 0, 4, 3]},
        ),
        (
            detected(box={"x": 0, "y": 1, "width": 4, "height": 2, "angle": 90}),
            {"bbox": [1.0, 0.0, 2.0, 4.0], "area": 8, "segmentation": [[3.0, 0.0, 3.0, 4.0, 1.0, 4.0, 1.0, 0.0]]},
        ),
        (
            detected(keypoints=[{"name": "nose", "x": 1, "y": 2, "score": 0.9}, {"name": "eye", "x": 3, "y": 2}]),
            {"keypoints": [1, 2, 2, 3, 2, 2], "num_keypoints": 2},
        ),
        ({"predictions": [{"label": "seven", "score": 0.9}, {"label": "one", "score": 0.1}]}, {"score": 0.9}),
        ({"anomaly": {"score": 0.8, "anomalous": True, "mask": MASK}}, {"bbox": [1, 1, 1, 2], "score": 0.8}),
    ],
)
def test_every_type_of_output_with_labels_has_annotations(result: dict[str, Any], annotation: dict[str, Any]) -> None:
    [found] = written([exported("a", stage=result)])["annotations"]
    assert found.items() >= annotation.items()


def test_categories_name_the_keypoints() -> None:
    points = [{"name": "nose", "x": 1, "y": 2}, {"name": "eye", "x": 3, "y": 2}]
    [category] = written([exported("a", pose=detected(keypoints=points))])["categories"]
    assert category["keypoints"] == ["nose", "eye"]


@pytest.mark.parametrize("result", [{"embedding": [1]}, {"predictions": [{"label": "seven"}]}, {"classes": 5}])
def test_results_without_labels_or_of_another_form_have_no_annotations(result: dict[str, Any]) -> None:
    assert written([exported("a", stage=result)])["annotations"] == []


def test_images_that_came_after_the_others_were_written_have_no_annotations() -> None:
    old, new = (exported(name, detect=detected()) for name in ("old", "new"))
    assert [one["image_id"] for one in written([old], [new, old])["annotations"]] == [number_of("old")]
