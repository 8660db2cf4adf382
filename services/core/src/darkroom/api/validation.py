"""Validation of ImagePipeline manifests: the parsed pipeline, or every problem with its path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.api.rules import CHANGE_RULES, RULES
from darkroom.api.uris import URI_FORMS, URI_PATTERN
from darkroom.errors import DarkroomError


@dataclass(frozen=True)
class Problem:
    """An invalid field, and why. `path` is empty for a problem of the whole manifest."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidPipeline(DarkroomError):
    """A manifest is not a valid ImagePipeline."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def parse_pipeline(manifest: Mapping[str, Any]) -> ImagePipeline:
    """The pipeline that `manifest` describes.

    Raises:
        InvalidPipeline: with every problem that was found.
    """
    try:
        pipeline = ImagePipeline.model_validate(manifest)
    except ValidationError as error:
        raise InvalidPipeline([_problem(detail) for detail in error.errors()]) from None
    if problems := check(pipeline):
        raise InvalidPipeline(problems)
    return pipeline


def check(pipeline: ImagePipeline) -> list[Problem]:
    """The rules that `pipeline` breaks, most general first."""
    return [Problem(path, rule.message) for rule in RULES for path in rule.broken(pipeline)]


def check_change(old: ImagePipeline, new: ImagePipeline) -> list[Problem]:
    """The rules that a change from `old` to `new` breaks."""
    return [Problem(path, rule.message) for rule in CHANGE_RULES for path in rule.broken(old.spec, new.spec)]


def _problem(detail: Mapping[str, Any]) -> Problem:
    return Problem(_path(detail["loc"]), _message(detail))


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in {"str", "int", "function-after[_validate(), union[str,int]]"}:
            path += f".{part}" if path else str(part)
    return path


def _message(detail: Mapping[str, Any]) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return "unknown field: check the spelling or remove it"
        case "missing":
            return "required field is missing"
        case "literal_error":
            return f"{detail['input']!r} is not one of {context['expected']}"
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch" if context["pattern"] == names.DNS_LABEL_PATTERN:
            return f"{detail['input']!r} is not a DNS label: use lower-case letters, digits and inner hyphens"
        case "string_pattern_mismatch" if context["pattern"] == URI_PATTERN:
            return f"{detail['input']!r} is not a valid URI: use {URI_FORMS}"
        case _:
            return f"{detail['msg'][0].lower()}{detail['msg'][1:]}, got {detail['input']!r:.80}"
