"""The chart in the kind cluster: values-kind.yaml, the images of this checkout, and the Kafka of Strimzi's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from kind.images import Image
from tests.support.chart import CHART, PREVIOUS, Helm

NAME = NAMESPACE = "darkroom"
_IMAGES = {"operator": "operator", "worker": "inference", "ingestion": "ingestion"}


@dataclass(frozen=True)
class Release:
    """`helm install`, `upgrade` and `uninstall` of the release in the documents."""

    helm: Helm
    images: Mapping[str, Image]

    def install_previous(self) -> None:
        """Install the oldest chart of tests/e2e/previous, with images tagged by version."""
        values = _values({})
        # The chart is the previous one, but its images are of this checkout, which do not start open to everybody.
        values["ingestion"]["extraArgs"] = ["--insecure"]
        replace(self.helm, chart=PREVIOUS[0]).install(NAME, NAMESPACE, values)

    def upgrade(self) -> None:
        """Upgrade to the chart and the images of this checkout, tagged by content."""
        self.helm.upgrade(NAME, NAMESPACE, _values(self.images))

    def worker_image(self) -> str:
        """The image of the workers after `upgrade`."""
        return self.images["inference"].reference


def _values(images: Mapping[str, Image]) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((CHART / "values-kind.yaml").read_text(encoding="utf-8"))
    values["ingestion"]["kafka"] = {"clusters": [{"name": "events", "namespace": "kafka"}]}
    for component, image in _IMAGES.items():
        if image in images:
            values[component]["image"]["tag"] = images[image].tag
    return values
