"""A repository in an OCI registry: its manifests and blobs, checked against their digests."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from yarl import URL

from darkroom.checksums import sha256_of
from darkroom_vision.sources.addresses import address_policy
from darkroom_vision.sources.download import check_status, download, remove, size_of
from darkroom_vision.sources.failures import Busy, NotFound, Refused
from darkroom_vision.sources.http_client import HttpClient
from darkroom_vision.sources.oci.authentication import ADVICE, authorization
from darkroom_vision.sources.oci.credentials import Credentials, credentials_for
from darkroom_vision.sources.oci.manifest import INDEXES, MANIFESTS, Layer, only_manifest
from darkroom_vision.sources.oci.reference import Reference, base_url
from darkroom_vision.sources.remote_file import RemoteFile

_MAX_MANIFEST_BYTES: Final = 4 << 20
"""The limit that the distribution specification recommends."""


@dataclass(frozen=True)
class Manifest:
    """A manifest, and its digest."""

    digest: str
    content: bytes


@asynccontextmanager
async def open_repository(reference: Reference, environment: Mapping[str, str]) -> AsyncIterator["Repository"]:
    """The repository of `reference`. Credentials and options come from `environment`.

    Raises:
        Refused: the environment has an invalid value.
    """
    credentials = credentials_for(reference.registry, environment)
    url = URL(base_url(reference, environment))
    async with HttpClient(url, address_policy(environment)) as client:
        yield Repository(client, url, reference, credentials)


class Repository:
    """A repository, read with one token."""

    def __init__(self, client: HttpClient, url: URL, reference: Reference, credentials: Credentials | None) -> None:
        self._client = client
        self._url = url
        self._reference = reference
        self._credentials = credentials
        self._headers: dict[str, str] = {}

    async def manifest(self) -> Manifest:
        """The manifest that the reference names; if it names an index, the only one in it.

        Raises:
            Refused: there is none, it is not clear which one, or access is refused.
            Busy: the registry can't answer now.
        """
        found, media_type = await self._manifest(self._reference.target)
        if media_type in INDEXES:
            found, media_type = await self._manifest(only_manifest(found.content))
        if media_type not in MANIFESTS:
            raise Refused(f"its manifest has the media type {media_type!r}, which is not supported")
        return found

    async def blob(self, layer: Layer, part: Path) -> None:
        """Append to `part` the bytes of `layer` that it does not have yet.

        Raises:
            Refused: the blob does not exist, or has another size or digest.
            Busy: the registry can't answer now.
        """
        start = size_of(part)
        file = RemoteFile(str(self._url / "blobs" / layer.digest), self._headers, ADVICE)
        if start != layer.size:
            try:
                await download(self._client, file, part, max_bytes=layer.size)
            except NotFound:
                raise Refused(f"the registry does not have the layer {layer.digest}") from None
        if (found := f"sha256:{sha256_of(part)}") != layer.digest:
            remove(part)
            if start:
                raise Busy("what an earlier attempt has left does not fit the rest")
            raise Refused(f"the registry sent {found} for the layer {layer.digest}")

    async def _manifest(self, target: str) -> tuple[Manifest, str]:
        """The manifest or index `target`, a digest or tag, and its media type."""
        url = self._url / "manifests" / target
        accept = {"Accept": ", ".join((*MANIFESTS, *INDEXES))}
        for is_last in (False, True):
            async with self._client.open(url, {**self._headers, **accept}) as response:
                if response.status == HTTPStatus.UNAUTHORIZED and not is_last:
                    challenges = response.headers.getall("WWW-Authenticate", [])
                else:
                    try:
                        check_status(response, ADVICE)
                    except NotFound:
                        where = f"{self._reference.registry}/{self._reference.repository}"
                        raise Refused(f"the registry has no {target} in {where}") from None
                    content = b"".join([block async for block in response.content.iter_any()])
                    break
            self._headers["Authorization"] = await authorization(
                self._client, challenges, self._reference.repository, self._credentials
            )
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if target.startswith("sha256:") and digest != target:
            raise Refused(f"the registry sent a manifest with the digest {digest} for {target}")
        return Manifest(digest, content), response.content_type
