"""Pushing artifacts to a registry, as `oras push` and ModelPack's `modctl` do."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_EMPTY = b"{}"


@dataclass(frozen=True)
class Blob:
    """A layer to push."""

    content: bytes
    media_type: str = "application/octet-stream"
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest_of(self.content)

    def descriptor(self) -> dict[str, Any]:
        described = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}
        return described | ({"annotations": dict(self.annotations)} if self.annotations else {})


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def oras_file(path: str, content: bytes) -> Blob:
    """A file as in `oras push REFERENCE FILE`: ORAS gives every file this media type."""
    return Blob(content, "application/vnd.oci.image.layer.v1.tar", {"org.opencontainers.image.title": path})


def modelpack_file(path: str, content: bytes, kind: str = "weight.v1.raw") -> Blob:
    """A layer of ModelPack; `kind` is the end of its media type."""
    return Blob(content, f"application/vnd.cncf.model.{kind}", {"org.cncf.model.filepath": path})


def packed(files: Mapping[str, bytes], *, compressed: bool = False) -> bytes:
    """A tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0) if compressed else buffer.getvalue()


def push(
    url: str,
    repository: str,
    reference: str,
    layers: Sequence[Blob],
    *,
    artifact_type: str = "application/vnd.cncf.model.manifest.v1+json",
    headers: Mapping[str, str] | None = None,
) -> str:
    """Push an artifact to the registry at `url`. Returns the digest of its manifest."""
    config = Blob(_EMPTY, "application/vnd.oci.empty.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": artifact_type,
        "config": config.descriptor(),
        "layers": [layer.descriptor() for layer in layers],
    }
    with httpx.Client(base_url=f"{url}/v2/{repository}", headers=dict(headers or {}), timeout=30) as client:
        for blob in (config, *layers):
            started = client.post("/blobs/uploads/").raise_for_status()
            location = httpx.URL(url).join(started.headers["Location"]).copy_merge_params({"digest": blob.digest})
            client.put(
                location, content=blob.content, headers={"Content-Type": "application/octet-stream"}
            ).raise_for_status()
    return push_manifest(url, repository, reference, manifest, headers=headers)


def push_manifest(
    url: str, repository: str, reference: str, manifest: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
) -> str:
    """Push a manifest or an index. Returns its digest."""
    content = json.dumps(manifest).encode()
    httpx.put(
        f"{url}/v2/{repository}/manifests/{reference}",
        content=content,
        headers={"Content-Type": str(manifest["mediaType"]), **(headers or {})},
    ).raise_for_status()
    return digest_of(content)
