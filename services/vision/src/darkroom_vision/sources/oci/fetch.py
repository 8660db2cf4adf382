"""Fetching an `oci://` URI into the cache."""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from darkroom_vision.sources.cache import cache_entry
from darkroom_vision.sources.oci.artifact import Artifact, Incomplete
from darkroom_vision.sources.oci.reference import Reference, parse_reference
from darkroom_vision.sources.oci.registry import Manifest, Repository, open_repository

log = structlog.get_logger(__name__)

_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class FetchedFile:
    """A file in the cache.

    Attributes:
        path: the file.
        sha256: its SHA-256.
        external_data: the SHA-256 of the files with the model's external data, by location.
    """

    path: Path
    sha256: str
    external_data: Mapping[str, str]


async def fetch_artifact(uri: str, suffix: str) -> FetchedFile:
    """The file that `uri` names, from the cache or the registry; without #PATH, the only one that ends with `suffix`.

    An artifact that the URI names by digest, and that is in the cache, is used without asking the registry.

    Raises:
        Refused: the file cannot be fetched, and another attempt would not help.
        Exception: it cannot be fetched now.
    """
    reference = parse_reference(uri)
    if reference.digest is not None:
        with cache_entry(_key(reference.digest)) as folder:
            if (manifest := _cached(folder, reference.digest)) is not None:
                with contextlib.suppress(Incomplete):
                    return await _fetch(folder, manifest, reference, suffix, None)
    async with open_repository(reference, os.environ) as repository:
        manifest = await repository.manifest()
        log.info("artifact found", uri=uri, digest=manifest.digest)
        with cache_entry(_key(manifest.digest)) as folder:
            return await _fetch(folder, manifest, reference, suffix, repository)


async def _fetch(
    folder: Path, manifest: Manifest, reference: Reference, suffix: str, repository: Repository | None
) -> FetchedFile:
    if repository is not None:
        new = folder / f"{_MANIFEST}.new"
        new.write_bytes(manifest.content)
        new.replace(folder / _MANIFEST)
    artifact = Artifact(folder, manifest.content)
    path, sha256 = await artifact.file(reference.path, suffix, repository)
    return FetchedFile(path, sha256, await artifact.external_data(path, repository))


def _cached(folder: Path, digest: str) -> Manifest | None:
    """The manifest in the folder, if it is intact."""
    try:
        content = (folder / _MANIFEST).read_bytes()
    except OSError:
        return None
    return Manifest(digest, content) if digest == f"sha256:{hashlib.sha256(content).hexdigest()}" else None


def _key(digest: str) -> str:
    return f"oci-{digest.removeprefix('sha256:')}"
