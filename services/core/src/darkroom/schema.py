"""Documents: the base classes of their models (camelCase, snake_case in Python, immutable), and their YAML."""

from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class StrictModel(BaseModel):
    """A document that users write: unknown fields are errors."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class TolerantModel(BaseModel):
    """A document that another version of Darkroom may have written: unknown fields are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


def yaml_text(document: Any, **options: Any) -> str:
    """`document` as YAML for readers of YAML 1.1 too, such as kubectl and Helm, which read a bare `y` as true.

    `options` are those of `yaml.dump`.
    """
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, **options)
    return text


_BOOLEANS: Final = frozenset({"y", "Y", "n", "N"})
"""Short forms of booleans (yaml.org/type/bool.html), which PyYAML, unlike the long ones, neither reads nor quotes."""


class _Dumper(yaml.SafeDumper):
    pass


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if text in _BOOLEANS else None)


_Dumper.add_representer(str, _represent)
