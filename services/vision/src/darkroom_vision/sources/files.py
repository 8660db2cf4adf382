"""Getting the files of a stage, its model, labels and self-test images, from local paths or by URI."""

import asyncio
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from darkroom.backoff import Backoff
from darkroom.files.checksums import sha256_of
from darkroom.stage_settings import StageSettings
from darkroom_vision.model.session import ModelChecksumMismatch
from darkroom_vision.sources.buckets import download_from_bucket
from darkroom_vision.sources.cache import FOLDER, cache_entry
from darkroom_vision.sources.failures import ModelUnavailable, Refused
from darkroom_vision.sources.hub import hub_file
from darkroom_vision.sources.mounted import mounted_file
from darkroom_vision.sources.remote_file import RemoteFile, discard
from darkroom_vision.sources.retries import fetch_patiently

_MOUNTED: Final = frozenset({"configmap", "pvc"})


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine.

    Attributes:
        path: the file.
        external_data: the SHA-256 of the files with the model's external data that were checked, by location.
    """

    path: Path
    external_data: Mapping[str, str] = field(default_factory=dict)


def model_file(settings: StageSettings, backoff: Backoff | None = None) -> LocalFile:
    """The stage's model as a local file. Fetches it if necessary.

    Args:
        settings: the stage's.
        backoff: between attempts to fetch it; the default starts at 0.5 s.

    Raises:
        ModelUnavailable: the file cannot be fetched or read; says why and what to do.
        ModelChecksumMismatch: the checksum of the fetched file is not that of the stage.
    """
    if settings.model_path is not None:
        return LocalFile(mounted_file("model", settings.stage.model.uri, settings.model_path))
    model = settings.stage.model
    return local_file("model", model.uri, sha256=model.sha256, suffix=".onnx", backoff=backoff)


def labels(settings: StageSettings) -> list[str] | None:
    """The class names in the file of `output.labelsUri`, one per line; None if the stage does not set it.

    Raises:
        ModelUnavailable: the file cannot be fetched or read; says why and what to do.
    """
    uri = settings.stage.output.labels_uri
    if uri is None and settings.labels_path is None:
        return None
    if settings.labels_path is not None:
        path = mounted_file("labels", str(uri), settings.labels_path)
    else:
        path = local_file("labels", str(uri), suffix=".txt").path
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"labels {uri or path}: {path} can't be read as text: {error}") from error
    return label_lines(text, settings.stage.output.type)


def self_test_image(settings: StageSettings, position: int) -> Path:
    """The path of the image of the stage's self-test at `position` as a local file. Fetches it if necessary.

    Raises:
        ModelUnavailable: the file cannot be fetched; says why and what to do.
        ModelChecksumMismatch: the checksum of the fetched file is not that of the self-test.
    """
    test = settings.stage.self_test[position]
    if path := settings.self_test_paths.get(position):
        return mounted_file("self-test image", test.image, path)
    return local_file("self-test image", test.image, suffix="", sha256=test.sha256).path


def label_lines(text: str, output_type: str) -> list[str]:
    """The class names in the text of a label file, one per line.

    For the output type Text, each line is one character, which may be whitespace.
    """
    if output_type == "Text":
        return text.removesuffix("\n").split("\n")
    return [line.strip() for line in text.splitlines() if line.strip()]


def local_file(
    what: str, uri: str, *, suffix: str, sha256: str | None = None, backoff: Backoff | None = None
) -> LocalFile:
    """The file that `uri` names, as a local file. Fetches it if necessary.

    Args:
        what: the file's role, for errors, such as "model".
        uri: of any form but those that the runtime mounts, configmap and pvc.
        suffix: how the names of such files end. Chooses the file of an oci URI that has no path.
        sha256: the expected checksum. A fetched file with another one is not used.
        backoff: between attempts to fetch it; the default starts at 0.5 s.

    Raises:
        ModelUnavailable: the file cannot be fetched; says why and what to do.
        ModelChecksumMismatch: the checksum of the fetched file is not `sha256`.
    """
    scheme = urlsplit(uri).scheme
    if scheme in _MOUNTED:
        raise ModelUnavailable(f"{what} {uri}: the runtime must provide the file and set modelPath")
    if scheme == "file":
        return LocalFile(Path(uri.removeprefix("file:").removeprefix("//")))
    backoff = backoff or Backoff(first_s=0.5)
    try:
        if scheme == "oci":
            return _artifact_file(what, uri, sha256, suffix, backoff)
        return LocalFile(_single_file(what, uri, sha256, backoff))
    except OSError as error:
        raise ModelUnavailable(
            f"{what} {uri}: the cache can't be used: {error}: set {FOLDER} to a folder that can be written and locked"
        ) from error


def _artifact_file(what: str, uri: str, sha256: str | None, suffix: str, backoff: Backoff) -> LocalFile:
    from darkroom_vision.sources.oci.fetch import fetch_artifact  # noqa: PLC0415 - loads the HTTP client

    found = fetch_patiently(what, uri, backoff, lambda: asyncio.run(fetch_artifact(uri, suffix)))
    if sha256 not in {None, found.sha256}:
        raise ModelChecksumMismatch.of(what, uri, found.sha256, str(sha256))
    return LocalFile(found.path, found.external_data)


def _single_file(what: str, uri: str, sha256: str | None, backoff: Backoff) -> Path:
    """The file in the cache, in a folder named after its checksum, so that it never changes."""
    name = Path(urlsplit(uri).path.partition("@")[0]).name
    if sha256 is not None:
        with cache_entry(sha256) as folder:
            if _has_checksum(folder / name, sha256):
                return folder / name
            part = folder / f"{name}.part"
            fetch_patiently(what, uri, backoff, lambda: _fetch_checked(what, uri, part, sha256))
            part.replace(folder / name)
            return folder / name
    with cache_entry(hashlib.sha256(uri.encode()).hexdigest()) as folder:
        part = folder / f"{name}.part"
        try:
            fetch_patiently(what, uri, backoff, lambda: _fetch_from_start(uri, part))
            with cache_entry(found := sha256_of(part)) as content:
                if not _has_checksum(content / name, found):
                    part.replace(content / name)
                return content / name
        finally:
            part.unlink(missing_ok=True)


def _has_checksum(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def _fetch_checked(what: str, uri: str, part: Path, sha256: str) -> None:
    """Fetch the bytes that `part` does not have yet, and check all."""
    is_resumed = part.exists()
    _fetch(uri, part)
    found = sha256_of(part)
    if found == sha256:
        return
    discard(part, is_resumed=is_resumed)
    raise ModelChecksumMismatch.of(what, uri, found, sha256)


def _fetch_from_start(uri: str, part: Path) -> None:
    """Fetch all bytes: without a checksum, the file may have changed since an earlier attempt."""
    part.unlink(missing_ok=True)
    _fetch(uri, part)


def _fetch(uri: str, part: Path) -> None:
    if urlsplit(uri).scheme not in {"https", "hf"}:
        return download_from_bucket(uri, part)
    from darkroom_vision.sources.download import download_once  # noqa: PLC0415 - loads the HTTP client

    try:
        file = hub_file(uri, os.environ) if uri.startswith("hf:") else RemoteFile(uri)
    except ValueError as error:
        raise Refused(str(error)) from error
    return asyncio.run(download_once(file, part))
