"""CRDs of other projects whose objects the chart may create, from their Go modules, locked by hash."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from tests.support.kube.api import Manifest
from tests.support.kube.go_programs import HELM, download_module
from tests.support.made_once import CACHE, made_once


@dataclass(frozen=True)
class _Source:
    module: str
    version: str
    sum: str
    file: str


_SOURCES = (
    _Source(
        "sigs.k8s.io/gateway-api",
        "v1.3.0",
        "h1:q6okN+/UKDATola4JY7zXzx40WO4VISk7i9DIfOvr9M=",
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
    ),
    _Source(
        "github.com/cert-manager/cert-manager",
        "v1.18.2",
        "h1:H2P75ycGcTMauV3gvpkDqLdS3RSXonWF2S49QGA1PZE=",
        "deploy/crds/crd-certificates.yaml",
    ),
    *(
        _Source(
            "github.com/kedacore/keda/v2",
            "v2.21.0",
            "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
            f"config/crd/bases/keda.sh_{plural}.yaml",
        )
        for plural in ("scaledobjects", "triggerauthentications")
    ),
)


def add_on_crds() -> Iterator[Manifest]:
    """The CustomResourceDefinitions of HTTPRoute, Certificate, ScaledObject and TriggerAuthentication."""
    for source in _SOURCES:
        path = made_once(CACHE / "crds" / f"{source.version}-{Path(source.file).name}", partial(_copy, source))
        crd: Manifest = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        # cert-manager's file is the template of a chart; only its metadata and comments use values.
        crd["metadata"] = {"name": crd["metadata"]["name"], "annotations": crd["metadata"].get("annotations", {})}
        yield crd


def _copy(source: _Source, target: Path) -> None:
    downloaded = download_module(HELM.go_version, f"{source.module}@{source.version}")
    if downloaded["Sum"] != source.sum:
        raise RuntimeError(f"{source.module} {source.version} has the hash {downloaded['Sum']}, not {source.sum}")
    shutil.copyfile(Path(downloaded["Dir"]) / source.file, target)
