"""The commands of docs/kind.md work, from an empty cluster to a result and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.documents import Block, blocks
from tests.support.on_kind import kubectl
from tests.support.on_kind.reader import read

if TYPE_CHECKING:
    from kind.cluster import Cluster
    from kind.images import Image
    from tests.support.on_kind.numbers import Numbers

pytestmark = pytest.mark.e2e

_DOCUMENT = Path("docs/kind.md")


def test_a_newcomer_gets_from_nothing_to_a_result_and_back(
    cluster: Cluster, images: dict[str, Image], numbers: Numbers
) -> None:
    commands = blocks(_DOCUMENT, "sh cluster")

    said, took = read(commands)

    assert '"state": "Analyzed"' in said or '"state":"Analyzed"' in said
    assert "100" in said
    install, first = _line(commands, "helm install"), _line(commands, "--data-binary")
    to_result = sum(seconds for line, seconds in took.items() if install <= line <= first)
    numbers.measured("plain Kafka, from nothing to ready", took[_line(commands, "k8s/kafka/plain")], "s")
    numbers.measured("helm install --wait", took[install], "s")
    numbers.measured("from helm install to the first result", to_result, "s", at_most=120)
    numbers.measured("pipelines deleted and release uninstalled", took[_line(commands, "helm uninstall")], "s")
    for ours in ("app.kubernetes.io/part-of=darkroom", "darkroom.dev/pipeline"):
        kinds = ("pods,deployments,statefulsets,configmaps,serviceaccounts", "-A", "-l", ours, "-o", "name")
        kubectl.seen(lambda what=kinds: not cluster.run_kubectl("get", *what).split(), f"no {kinds} are left")


def _line(commands: list[Block], words: str) -> int:
    """The line of the block with these words."""
    (found,) = [block.line for block in commands if words in block.commands]
    return found
