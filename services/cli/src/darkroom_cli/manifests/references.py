"""Resolves the URIs and Secrets of a pipeline in the given files and on this machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from darkroom.api.pipeline import Stage
from darkroom_cli.manifests.bundle import Bundle, LoadedPipeline
from darkroom_cli.manifests.documents import Finding


@dataclass(frozen=True)
class Inline:
    """A file in a ConfigMap of the manifests."""

    config_map: str
    key: str
    content: bytes


@dataclass(frozen=True)
class OnDisk:
    """A file on this machine."""

    path: Path


@dataclass(frozen=True)
class Remote:
    """A file that the worker downloads."""

    uri: str


@dataclass(frozen=True)
class Missing:
    """A file that does not exist.

    Attributes:
        message: why it does not exist, and what to do.
        elsewhere: whether it may exist in the cluster in which the pipeline runs.
    """

    message: str
    elsewhere: bool


Referred = Inline | OnDisk | Remote | Missing


def find(uri: str, loaded: LoadedPipeline, bundle: Bundle) -> Referred:
    """The file on this machine that `uri` in a pipeline's manifest refers to."""
    scheme, _, rest = uri.partition(":")
    match scheme:
        case "configmap":
            return _in_config_map(rest.removeprefix("//"), loaded, bundle.config_maps)
        case "file":
            return _on_disk(rest, loaded.document.file.parent)
        case "pvc":
            return Missing(
                f"{uri}: a volume of a cluster can't be read on this machine: use file:PATH or https://", elsewhere=True
            )
        case _:
            return Remote(uri)


def uris(stage: Stage) -> Iterator[tuple[str, str]]:
    """Every URI of a stage, with its path below the stage."""
    yield "model.uri", stage.model.uri
    if stage.output.labels_uri is not None:
        yield "output.labelsUri", stage.output.labels_uri
    for i, test in enumerate(stage.self_test):
        yield f"selfTest[{i}].image", test.image


def missing_references(bundle: Bundle, *, in_cluster: bool) -> list[Finding]:
    """References to files and Secrets that do not exist.

    Args:
        bundle: the pipelines, ConfigMaps and Secrets.
        in_cluster: omit references that may exist in the cluster in which the pipeline will run.
    """
    findings = []
    for loaded in bundle.pipelines:
        for i, stage in enumerate(loaded.pipeline.spec.stages):
            for path, uri in uris(stage):
                referred = find(uri, loaded, bundle)
                if isinstance(referred, Missing) and not (in_cluster and referred.elsewhere):
                    message = f'stage "{stage.name}": {referred.message}'
                    findings.append(loaded.document.finding(f"spec.stages[{i}].{path}", message))
            secret = stage.model.secret
            if secret is not None and not in_cluster and (loaded.pipeline.namespace, secret.name) not in bundle.secrets:
                message = (
                    f'stage "{stage.name}": Secret {loaded.pipeline.namespace}/{secret.name} is not in the files given'
                )
                findings.append(loaded.document.finding(f"spec.stages[{i}].model.secret", f"{message}: add it to them"))
    return findings


def _in_config_map(
    rest: str, loaded: LoadedPipeline, config_maps: Mapping[tuple[str, str], Mapping[str, bytes]]
) -> Referred:
    name, _, key = rest.partition("/")
    full_name = f"{loaded.pipeline.namespace}/{name}"
    entries = config_maps.get((loaded.pipeline.namespace, name))
    if entries is None:
        elsewhere = sorted(f"{ns}/{n}" for ns, n in config_maps if n == name)
        hint = f"{elsewhere[0]} is in another namespace" if elsewhere else "add it to them, or use file:PATH"
        return Missing(f"ConfigMap {full_name} is not in the files given: {hint}", elsewhere=not elsewhere)
    if key not in entries:
        keys = ", ".join(sorted(entries)) or "nothing"
        return Missing(f"ConfigMap {full_name} has no key {key!r}: it holds {keys}", elsewhere=False)
    return Inline(name, key, entries[key])


def _on_disk(rest: str, folder: Path) -> Referred:
    path = folder / unquote(rest.removeprefix("//"))
    if path.is_file():
        return OnDisk(path.resolve())
    return Missing(
        f"{path} is not a file on this machine: relative paths start at the manifest's folder", elsewhere=True
    )
