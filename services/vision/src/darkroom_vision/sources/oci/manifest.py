"""Manifests of artifacts: their layers, and the files in them.

Two layouts are read: ModelPack's (github.com/modelpack/model-spec), and that of `oras push`, with a title per file.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, TypeVar

from pydantic import Field, ValidationError

from darkroom.schema import TolerantModel
from darkroom_vision.sources.failures import Refused

INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MODEL: Final = "application/vnd.cncf.model."
_WEIGHT: Final = f"{_MODEL}weight.v1."
_PATH: Final = ("org.cncf.model.filepath", "org.opencontainers.image.title")
_UNPACK: Final = "io.deis.oras.content.unpack"
"""The annotation of a folder that `oras push` has packed. Its files have the media types of archives too."""
_MOST_SHOWN: Final = 8


class _Descriptor(TolerantModel):
    media_type: str = ""
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    size: int = Field(ge=0)
    artifact_type: str | None = None
    annotations: dict[str, str] = Field(default_factory=dict)


class _Manifest(TolerantModel):
    layers: list[_Descriptor] = Field(default_factory=list, max_length=10_000)


class _Index(TolerantModel):
    manifests: list[_Descriptor] = Field(default_factory=list, max_length=10_000)


_Document = TypeVar("_Document", _Manifest, _Index)


@dataclass(frozen=True)
class Layer:
    """A blob of an artifact.

    Attributes:
        digest: `sha256:` and its SHA-256.
        size: in bytes.
        path: of the file that it is or, if it is an archive, of a file or folder in it; None if unknown.
        compression: None for a file, "" for a tar archive, "gz" for a compressed one.
        is_weights: whether its media type says that it has weights.
    """

    digest: str
    size: int
    path: str | None
    compression: str | None = None
    is_weights: bool = False

    @property
    def is_archive(self) -> bool:
        """Whether it is a tar archive."""
        return self.compression is not None


def only_manifest(index: bytes) -> str:
    """The digest of the one manifest in an index; of the one model if there are several manifests.

    Raises:
        Refused: the index has none or several.
    """
    manifests = _parsed(_Index, index).manifests
    models = [found for found in manifests if (found.artifact_type or "").startswith(_MODEL)]
    for candidates in (manifests, models):
        if len(candidates) == 1:
            return candidates[0].digest
    listed = _shown([found.digest for found in manifests])
    raise Refused(
        f"it is an index of {len(manifests)} manifests, and not clear which is meant: add @ and one of {listed}"
    )


def layers_of(manifest: bytes) -> list[Layer]:
    """The layers of a manifest.

    Raises:
        Refused: it is not a manifest, or a layer has a path outside the artifact.
    """
    return [_layer(found) for found in _parsed(_Manifest, manifest).layers]


def layers_with(layers: Sequence[Layer], path: str | None, suffix: str) -> list[Layer]:
    """The layer of the file, or the archives that may have it.

    Args:
        layers: of the artifact.
        path: the file; None for the only one whose name ends with `suffix`.
        suffix: such as ".onnx".

    Raises:
        Refused: there is no such layer, or there are several such files.
    """
    if path is not None:
        found = [layer for layer in layers if layer.path == path]
        archives = [layer for layer in layers if layer.is_archive and _may_have(layer, path)]
        if found or archives:
            return found[:1] or archives
        raise no_such_file(path, suffix, _paths(layers))
    found = [layer for layer in layers if layer.path is not None and layer.path.endswith(suffix)]
    if len(found) > 1:
        raise several_files(suffix, _paths(found))
    archives = [layer for layer in layers if layer.is_archive and layer.is_weights] or [
        layer for layer in layers if layer.is_archive and layer.path is not None
    ]
    if found or archives:
        return found or archives
    if any(layer.path for layer in layers):
        raise no_such_file(path, suffix, _paths(layers))
    raise Refused(
        "it is not a model artifact: its layers have no file names (org.cncf.model.filepath or "
        "org.opencontainers.image.title): push the model with `oras push` or ModelPack's `modctl`"
    )


def no_such_file(path: str | None, suffix: str, paths: Sequence[str]) -> Refused:
    """The error for an artifact with the files `paths` that has not the one asked for."""
    return Refused(
        f"the artifact has no {f'file {path}' if path else f'{suffix} file'.lstrip()}: it has {_shown(paths)}"
    )


def several_files(suffix: str, paths: Sequence[str]) -> Refused:
    """The error for an artifact in which several files are meant."""
    return Refused(
        f"the artifact has several {f'{suffix} files'.lstrip()}: add # and one of {_shown(paths)} to the URI"
    )


def _may_have(archive: Layer, path: str) -> bool:
    return archive.is_weights if archive.path is None else PurePosixPath(path).is_relative_to(archive.path)


def _layer(found: _Descriptor) -> Layer:
    path = next((found.annotations[key] for key in _PATH if found.annotations.get(key)), None)
    if path is not None:
        path = checked_path(path)
    is_packed = found.media_type.startswith(_MODEL) or found.annotations.get(_UNPACK) == "true"
    return Layer(
        found.digest,
        found.size,
        path,
        _compression(found.media_type) if is_packed else None,
        found.media_type.startswith(_WEIGHT),
    )


def checked_path(path: str) -> str:
    """`path` without leading `./`.

    Raises:
        Refused: it is outside the artifact.
    """
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts or "\0" in path:
        raise Refused(f"the artifact has a file with the path {path!r}, which is outside it")
    return str(parts)


def _compression(media_type: str) -> str | None:
    if media_type.endswith(".tar"):
        return ""
    if media_type.endswith((".tar+gzip", ".tar.gzip")):
        return "gz"
    return "zst" if media_type.endswith((".tar+zstd", ".tar.zstd")) else None


def _paths(layers: Sequence[Layer]) -> list[str]:
    return [layer.path for layer in layers if layer.path is not None]


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return (", ".join(names[:_MOST_SHOWN]) + more) or "none"


def _parsed(kind: type[_Document], content: bytes) -> _Document:
    try:
        return kind.model_validate(json.loads(content))
    except (ValueError, RecursionError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise Refused(f"its manifest cannot be read: {reason}") from error
