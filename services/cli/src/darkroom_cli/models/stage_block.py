"""The stage block of a manifest for a model, from its family and the files next to it, with open questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from darkroom.yaml_text import yaml_text
from darkroom_cli.models.neighbours import Neighbours
from darkroom_vision.families import Family
from darkroom_vision.families.questions import NO_OBJECT
from darkroom_vision.inspection import Inspection

_PRESETS_WITH_A_SIZE = ("Yolo", "YoloX", "Clip")
_SIDE = 224
_SIDE_OF_MAPS = 512
_LONGEST_SIDE = 1_024
_LINE_HEIGHT = 48
_IMAGE_RANKS = (3, 4)
_LINE_WIDTH = 120
_SIDES_OF_INPUT = ("width", "height", "longestSide", "shortestSide")
_DETR_NAMES = ("DETR", "RT-DETR")
"""Families whose last class means, or does not mean, that there is no object."""
_MOST_LABELS = 10_000
_UNNAMED_CHARACTERS = (0, 1, 2)
"""The blank, and the space at the end, which PaddleOCR's dictionaries leave out."""


@dataclass(frozen=True)
class StageBlock:
    """A stage, field by field.

    Attributes:
        name: the name of the stage.
        comments: comments by field, such as `output.labels`.
        questions: questions that the user has to answer.
    """

    name: str
    model: Mapping[str, Any]
    input: Mapping[str, Any]
    output: Mapping[str, Any]
    comments: Mapping[str, str] = field(default_factory=dict)
    questions: Sequence[str] = ()

    def as_document(self) -> dict[str, Any]:
        """The stage as in a manifest."""
        fields = {"input": dict(self.input), "output": dict(self.output)}
        return {"name": self.name, "model": dict(self.model)} | {key: value for key, value in fields.items() if value}

    def lines(self) -> list[str]:
        """The stage as an item of a YAML list, with comments; a question is a comment that starts with `# ?`."""
        lines = [f"- name: {self.name}"]
        for section in ("model", "input", "output"):
            fields: Mapping[str, Any] = getattr(self, section)
            if fields:
                lines.append(f"  {section}:")
            for key, value in fields.items():
                comment = self.comments.get(f"{section}.{key}")
                lines.append(f"    {key}: {flow_style(value)}" + (f"  # {comment}" if comment else ""))
            if comment := self.comments.get(section):
                lines += [f"    # {line}" for line in _wrapped(comment, _LINE_WIDTH - 6)]
        for question in self.questions:
            first, *rest = _wrapped(question, _LINE_WIDTH - 6)
            lines += [f"  # ? {first}", *(f"  #   {line}" for line in rest)]
        return lines


def stage_block(inspection: Inspection, family: Family, uri: str, name: str, neighbours: Neighbours) -> StageBlock:
    """The stage that runs the model.

    Args:
        inspection: the inspection of the model, which could be loaded.
        family: the model's family.
        uri: the URI of the model in the manifest.
        name: the name of the stage.
        neighbours: settings from files next to the model, which override those of the family for the input.
    """
    assert inspection.model is not None  # noqa: S101 - the caller has checked
    family = _with_names(family, neighbours)
    questions = list(family.questions)
    comments: dict[str, str] = {}
    fields = {"preset": family.preset} if family.preset is not None else {}
    fields |= family.input
    if neighbours.input:
        fixed = None not in _sides(inspection)
        fields = {key: value for key, value in neighbours.input.items() if not (fixed and key in _SIDES_OF_INPUT)}
        comments["input"] = f"From {neighbours.input_file}."
        questions = [question for question in questions if not _is_about_input(question)]
    fields |= _open_sides(inspection, family, fields, questions)
    output: dict[str, Any] = {"type": family.type}
    if family.format is not None:
        output["format"] = family.format
    if family.output is not None:
        output["name"] = family.output
    if family.activation != "None":
        output["activation"] = family.activation
    folder = uri[: max(uri.rfind("/"), uri.find(":")) + 1]
    _labels(family, neighbours, folder, output, comments, questions)
    comments["output.type"] = family.name
    model = {"uri": uri, "sha256": inspection.model.sha256}
    return StageBlock(name, model, fields, output, comments, questions)


def _with_names(family: Family, neighbours: Neighbours) -> Family:
    """The family, after the number of names has told whether the last class of a DETR means that there is no object."""
    if family.name not in _DETR_NAMES or family.labels or family.classes is None:
        return family
    named, logits = len(neighbours.labels), family.classes + (family.format == "Detr")
    if named not in (logits, logits - 1):
        return family
    return replace(
        family,
        name=_DETR_NAMES[named == logits],
        format="RtDetr" if named == logits else "Detr",
        classes=named,
        questions=tuple(question for question in family.questions if question != NO_OBJECT),
    )


def _labels(
    family: Family,
    neighbours: Neighbours,
    folder: str,
    output: dict[str, Any],
    comments: dict[str, str],
    questions: list[str],
) -> None:
    """Labels of the model file are used without being repeated in the manifest; `folder` is that of its URI."""
    if family.labels:
        comments["output"] = f"labels: {len(family.labels)} are in the model file: {_few(family.labels)}"
        return
    names = neighbours.labels
    if not names:
        return
    unnamed = _UNNAMED_CHARACTERS if family.type == "Text" else (0,)
    if family.classes is not None and family.classes - len(names) not in unnamed:
        questions.append(
            f"{neighbours.labels_file} has {len(names)} names, but the model has {family.classes} classes: the names "
            "are not used. Which are right?"
        )
        return
    if neighbours.labels_are_lines or len(names) > _MOST_LABELS:
        output["labelsUri"] = f"{folder}{neighbours.labels_file}"
    else:
        output["labels"] = list(names)
        comments["output.labels"] = f"from {neighbours.labels_file}"
    answered = ("What are the names", "Which c", "Does the last class")  # the last by the number of names
    questions[:] = [question for question in questions if not question.startswith(answered)]


def _open_sides(
    inspection: Inspection, family: Family, fields: Mapping[str, Any], questions: list[str]
) -> dict[str, Any]:
    """Set sizes that are dynamic in the model."""
    height, width = _sides(inspection)
    if (height is not None and width is not None) or {"width", "height", "longestSide"} & fields.keys():
        return {}
    if family.format == "Ctc":
        return {"height": _LINE_HEIGHT} if height is None else {}
    if inspection.metadata.image_size is not None:
        said = inspection.metadata.image_size
        return {"width": said[1], "height": said[0]}
    if family.format == "DbNet" or family.preset in _PRESETS_WITH_A_SIZE:
        return {}
    if family.format in {"Torchvision", "TensorFlow"}:  # they resize images themselves
        return {"longestSide": _LONGEST_SIDE, "enlarge": False}
    side = _SIDE_OF_MAPS if family.type in {"Segmentation", "Anomaly"} else _SIDE
    questions.append(f"Which size was the model trained with? The file leaves it open, and {side} x {side} is a guess.")
    return {"width": width or side, "height": height or side}


def _sides(inspection: Inspection) -> tuple[int | None, int | None]:
    assert inspection.model is not None  # noqa: S101 - the caller has checked
    for port in inspection.model.inputs:
        if len(port.shape) in _IMAGE_RANKS:
            channels_last = port.shape[-1] in (1, 3) and port.shape[-3] not in (1, 3)
            return (port.shape[-3], port.shape[-2]) if channels_last else (port.shape[-2], port.shape[-1])
    return None, None


def _is_about_input(question: str) -> bool:
    return any(word in question for word in ("mean and std", "pre-processing", "Preset"))


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown}, …" if len(names) > len(names[:5]) else shown


def flow_style(value: Any) -> str:
    """`value` as YAML in one line."""
    text = yaml_text(value, default_flow_style=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...")


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
