"""Documents as YAML."""

from typing import Any, Final

import yaml


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
