"""Validation rules of a stage's output: which fields, formats and expected results go with which type."""

from collections.abc import Callable, Collection, Iterator, Mapping

from darkroom.api.output import BOX_TYPES, FORMATS, SCORE_TYPES, Output
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.rule import Path, Rule, stages
from darkroom.api.self_test import ExpectedPrediction
from darkroom.events import RESULT_FIELDS


def _rule(cel: str, message: str, is_broken: Callable[[Output], bool], field: str = "") -> Rule:
    def broken(pipeline: ImagePipeline) -> Iterator[Path]:
        for path, stage in stages(pipeline):
            if is_broken(stage.output):
                yield f"{path}.output{field}"

    return Rule(at="spec.stages[].output", cel=cel, message=message, broken=broken)


def _cel_list(values: Collection[str]) -> str:
    return f"[{', '.join(repr(value) for value in values)}]"


def _listed(values: Mapping[str, Collection[str]]) -> str:
    return "; ".join(f"{name}: {', '.join(own)}" for name, own in values.items())


def _both_labels(output: Output) -> bool:
    return output.labels is not None and output.labels_uri is not None


def _format_of_another_type(output: Output) -> bool:
    return output.format != "Auto" and output.format not in FORMATS.get(output.type, ())


def _box_settings_without_boxes(output: Output) -> bool:
    asked = output.iou_threshold is not None or output.max_detections is not None or output.class_agnostic
    return asked and output.type not in BOX_TYPES


def _activation_without_scores(output: Output) -> bool:
    return output.activation not in {None, "None"} and output.type not in SCORE_TYPES


def _expected_of_another_type(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        own = RESULT_FIELDS[stage.output.type]
        for i, test in enumerate(stage.self_test):
            given = [field for field in _TYPES_OF_FIELD if getattr(test.expect, field) is not None]
            if not given:
                yield f"{path}.selfTest[{i}].expect"
            for field in given:
                if field != own:
                    yield f"{path}.selfTest[{i}].expect.{field}"


def _expected_parts_of_another_type(pipeline: ImagePipeline) -> Iterator[Path]:
    for path, stage in stages(pipeline):
        for i, test in enumerate(stage.self_test):
            for j, prediction in enumerate(test.expect.predictions or []):
                for part in _parts(prediction):
                    if stage.output.type not in _TYPES_OF_PART[part]:
                        yield f"{path}.selfTest[{i}].expect.predictions[{j}].{part}"


def _parts(prediction: ExpectedPrediction) -> list[str]:
    given = {
        "box": prediction.box,
        "box.angle": prediction.box and prediction.box.angle,
        "mask": prediction.mask,
        "keypoints": prediction.keypoints,
    }
    return [part for part, value in given.items() if value is not None]


_TYPES_OF_FIELD = {
    field: tuple(output_type for output_type, own in RESULT_FIELDS.items() if own == field)
    for field in dict.fromkeys(RESULT_FIELDS.values())
}
_TYPES_OF_PART = {
    "box": BOX_TYPES,
    "box.angle": ("OrientedDetection",),
    "mask": ("InstanceSegmentation",),
    "keypoints": ("Keypoints",),
}
_SELF_TEST_RULES = (
    Rule(
        at="spec.stages[]",
        cel=" && ".join(
            f"(self.output.type in {_cel_list(types)} ? self.selfTest.all(t, has(t.expect.{field})) "
            f": self.selfTest.all(t, !has(t.expect.{field})))"
            for field, types in _TYPES_OF_FIELD.items()
        ),
        message="expect must have the result field of the output type, and no other (" + _listed(_TYPES_OF_FIELD) + ")",
        broken=_expected_of_another_type,
    ),
    Rule(
        at="spec.stages[]",
        cel=" && ".join(
            f"(self.output.type in {_cel_list(types)} || self.selfTest.all(t, !has(t.expect.predictions) "
            f"|| t.expect.predictions.all(p, {'' if '.' not in part else '!has(p.box) || '}!has(p.{part}))))"
            for part, types in _TYPES_OF_PART.items()
        ),
        message="an expected prediction has parts that results of the output type do not have ("
        + _listed(_TYPES_OF_PART)
        + ")",
        broken=_expected_parts_of_another_type,
    ),
)
_BOX_TYPES = ", ".join(BOX_TYPES)

OUTPUT_RULES = (
    _rule("!has(self.labels) || !has(self.labelsUri)", "set only one of labels and labelsUri", _both_labels),
    _rule(
        "self.format == 'Auto' || "
        + " || ".join(
            f"(self.type == '{output_type}' && self.format in {_cel_list(formats)})"
            for output_type, formats in FORMATS.items()
        ),
        f"the format does not belong to the type ({_listed(FORMATS)})",
        _format_of_another_type,
        ".format",
    ),
    _rule(
        f"(!has(self.iouThreshold) && !has(self.maxDetections) && !self.classAgnostic) "
        f"|| self.type in {_cel_list(BOX_TYPES)}",
        f"iouThreshold, maxDetections and classAgnostic are only for types with boxes: {_BOX_TYPES}",
        _box_settings_without_boxes,
    ),
    _rule(
        f"!has(self.activation) || self.activation == 'None' || self.type in {_cel_list(SCORE_TYPES)}",
        "activation is only for Classification and MultiLabel: for all other types, the format determines it",
        _activation_without_scores,
        ".activation",
    ),
    _rule(
        "!self.normalize || self.type == 'Embedding'",
        "normalize is only for Embedding",
        lambda output: output.normalize and output.type != "Embedding",
        ".normalize",
    ),
    _rule(
        "!has(self.keypointNames) || self.type == 'Keypoints'",
        "keypointNames is only for Keypoints",
        lambda output: output.keypoint_names is not None and output.type != "Keypoints",
        ".keypointNames",
    ),
    *_SELF_TEST_RULES,
)
