"""A repository in an OCI registry: its manifests and blobs, checked against their digests."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from yarl import URL

from darkroom.files.checksums import sha256_of
from darkroom_vision.sources.addresses import address_policy
from darkroom_vision.sources.download import check_status, download, read_document, size_of
from darkroom_vision.sources.failures import NotFound, Refused, Unauthorized
from darkroom_vision.sources.http_client import HttpClient
from darkroom_vision.sources.oci.authentication import ADVICE, authorization
from darkroom_vision.sources.oci.credentials import Credentials, credentials_for
from darkroom_vision.sources.oci.manifest import INDEXES, MANIFESTS, Layer, only_manifest
from darkroom_vision.sources.oci.reference import Reference, base_url
from darkroom_vision.sources.remote_file import RemoteFile, discard

_Answer = TypeVar("_Answer")

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
    """A repository, read with one token, which is replaced when it has expired."""

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
        url = str(self._url / "blobs" / layer.digest)

        async def fetch() -> None:
            await download(self._client, RemoteFile(url, self._headers, ADVICE), part, max_bytes=layer.size)

        start = size_of(part)
        if start != layer.size:
            try:
                await self._authorized(fetch)
            except NotFound:
                raise Refused(f"the registry does not have the layer {layer.digest}") from None
        if (found := f"sha256:{sha256_of(part)}") != layer.digest:
            discard(part, is_resumed=start > 0)
            raise Refused(f"the registry sent {found} for the layer {layer.digest}")

    async def _manifest(self, target: str) -> tuple[Manifest, str]:
        """The manifest or index `target`, a digest or tag, and its media type."""
        url = self._url / "manifests" / target
        accept = {"Accept": ", ".join((*MANIFESTS, *INDEXES))}

        async def fetch() -> tuple[bytes, str]:
            async with self._client.open(url, {**self._headers, **accept}) as response:
                check_status(response, ADVICE)
                return await read_document(response, _MAX_MANIFEST_BYTES), response.content_type

        try:
            content, media_type = await self._authorized(fetch)
        except NotFound:
            where = f"{self._reference.registry}/{self._reference.repository}"
            raise Refused(f"the registry has no {target} in {where}") from None
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if target.startswith("sha256:") and digest != target:
            raise Refused(f"the registry sent a manifest with the digest {digest} for {target}")
        return Manifest(digest, content), media_type

    async def _authorized(self, request: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """The answer to a request, which is repeated with a new token if the registry asks for one."""
        try:
            return await request()
        except Unauthorized as error:
            self._headers["Authorization"] = await authorization(
                self._client, error.challenges, self._reference.repository, self._credentials
            )
        return await request()
