"""Documents as YAML."""

import re

import yaml

from darkroom.api.crd import crd_yaml
from darkroom.yaml_text import yaml_text

BARE_BOOLEAN = re.compile(r"(?:^|[-{,:\s])\s*[yYnN]\s*(?::|,|}|$)", re.MULTILINE)


def test_names_that_kubectl_reads_as_booleans_are_quoted() -> None:
    document = {"y": 1, "n": ["y", "N", "yes", "off"], "x": "z"}
    text = yaml_text(document, default_flow_style=True)
    assert text == """{"y": 1, "n": ["y", "N", 'yes', 'off'], x: z}\n"""
    assert yaml.safe_load(text) == document


def test_the_crd_has_no_name_that_helm_reads_as_a_boolean() -> None:
    assert BARE_BOOLEAN.search("required:\n- x\n- y\n")
    assert BARE_BOOLEAN.search("  y:\n")
    assert not BARE_BOOLEAN.search(crd_yaml())
