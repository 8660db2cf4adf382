"""Getting the files of a stage, its model, labels and self-test images, from local paths or by URI."""

import hashlib
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import fsspec
import structlog

from darkroom.backoff import Backoff
from darkroom.checksums import sha256_of
from darkroom.stage_settings import StageSettings
from darkroom_vision.model.session import ModelError
from darkroom_vision.sources.hub import hub_file
from darkroom_vision.sources.redirects import ForbiddenRedirect, public_redirects_only

log = structlog.get_logger(__name__)

CACHE: Final = "DARKROOM_CACHE_DIR"

_TRIES: Final = 5
_CONNECT_TIMEOUT_S: Final = 10.0
_READ_TIMEOUT_S: Final = 60.0
_BLOCK_BYTES: Final = 1 << 20
_MAX_BYTES: Final = 10 << 30
_MOUNTED: Final = frozenset({"configmap", "pvc"})


class ModelUnavailable(ModelError):
    """The file cannot be fetched or read."""


class _TooLarge(Exception):
    """The file is larger than a worker accepts."""


def model_file(settings: StageSettings, backoff: Backoff | None = None) -> Path:
    """The path of the stage's model as a local file. Fetches it if necessary.

    Args:
        settings: the stage's.
        backoff: between attempts to fetch it; the default starts at 0.5 s.

    Raises:
        ModelUnavailable: the file cannot be fetched or read; says why and what to do.
    """
    model = settings.stage.model
    return settings.model_path or _local_file("model", model.uri, model.sha256, backoff or Backoff(first_s=0.5))


def labels(settings: StageSettings) -> list[str] | None:
    """The class names in the file of `output.labelsUri`, one per line; None if the stage does not set it.

    Raises:
        ModelUnavailable: the file cannot be fetched or read; says why and what to do.
    """
    uri = settings.stage.output.labels_uri
    if uri is None and settings.labels_path is None:
        return None
    path = settings.labels_path or _local_file("labels", str(uri), None, Backoff(first_s=0.5))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"labels {uri or path}: {path} can't be read as text: {error}") from error
    return label_lines(text, settings.stage.output.type)


def self_test_image(settings: StageSettings, position: int) -> Path:
    """The path of the image of the stage's self-test at `position` as a local file. Fetches it if necessary.

    Raises:
        ModelUnavailable: the file cannot be fetched; says why and what to do.
    """
    test = settings.stage.self_test[position]
    path = settings.self_test_paths.get(position)
    return path or _local_file("self-test image", test.image, test.sha256, Backoff(first_s=0.5))


def label_lines(text: str, output_type: str) -> list[str]:
    """The class names in the text of a label file, one per line.

    For the output type Text, each line is one character, which may be whitespace.
    """
    if output_type == "Text":
        return text.removesuffix("\n").split("\n")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _local_file(what: str, uri: str, sha256: str | None, backoff: Backoff) -> Path:
    scheme = urlsplit(uri).scheme
    if scheme in _MOUNTED:
        raise ModelUnavailable(f"{what} {uri}: the runtime must provide the file and set modelPath")
    if scheme == "file":
        return Path(uri.removeprefix("file:").removeprefix("//"))
    cached = _cache_folder() / (sha256 or hashlib.sha256(uri.encode()).hexdigest())
    target = cached / Path(urlsplit(uri).path.partition("@")[0]).name
    if sha256 is not None and target.is_file() and sha256_of(target) == sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        part = Path(folder) / target.name
        part.touch()
        _fetch_patiently(what, uri, part, backoff, is_resumable=sha256 is not None)
        part.replace(target)
    return target


def _fetch_patiently(what: str, uri: str, part: Path, backoff: Backoff, *, is_resumable: bool) -> None:
    """Fetch into `part`, with retries. A resumable file continues where a failed attempt ended.

    Raises:
        ModelUnavailable: the file cannot be fetched or read; says why and what to do.
    """
    for left in reversed(range(_TRIES)):
        try:
            _fetch(uri, part, part.stat().st_size if is_resumable else 0)
        except ImportError as error:
            raise ModelUnavailable(f"{what} {uri}: this worker can't read {urlsplit(uri).scheme}: {error}") from error
        except Exception as error:  # every file system of fsspec raises its own exceptions
            if refusal := _refusal(error):
                raise ModelUnavailable(f"{what} {uri}: {refusal}") from error
            reason = _reason(error)
            if reason is None:
                raise ModelUnavailable(f"{what} {uri}: the file does not exist") from error
            if not left:
                raise ModelUnavailable(f"{what} {uri}: can't be fetched: {reason} (tried {_TRIES} times)") from error
            log.warning("file can't be fetched, trying again", uri=uri, error=reason, tries_left=left)
            time.sleep(backoff.next_s())
        else:
            return


def _refusal(error: BaseException | None) -> str | None:
    """Why the worker refuses the file; None if it does not. fsspec wraps exceptions raised during a request."""
    if error is None or isinstance(error, ForbiddenRedirect | _TooLarge):
        return None if error is None else str(error)
    return _refusal(error.__cause__)


def _reason(error: BaseException) -> str | None:
    """Why a file can't be fetched; None if it does not exist. fsspec reports unreachable servers as missing files."""
    if not isinstance(error, FileNotFoundError):
        return str(error) or type(error).__name__
    return None if error.__cause__ is None else _reason(error.__cause__)


def _fetch(uri: str, part: Path, start: int) -> None:
    """Write the file at `uri` to `part`, which already has the bytes before `start`."""
    url, options = _request(uri)
    with fsspec.open(url, "rb", **options) as remote, part.open("r+b") as local:
        if start:
            remote.seek(start)
        local.truncate(start)
        local.seek(start)
        while block := remote.read(_BLOCK_BYTES):
            if local.tell() + len(block) > _MAX_BYTES:
                raise _TooLarge(f"it has more than {_MAX_BYTES >> 30} GiB")
            local.write(block)


def _request(uri: str) -> tuple[str, dict[str, Any]]:
    """The URL that fsspec opens for `uri`, and the options of its file system."""
    scheme = urlsplit(uri).scheme
    if scheme == "hf":
        file = hub_file(uri, os.environ)
        return file.url, _http_options(file.headers)
    return uri, _http_options({}) if scheme == "https" else _timeouts(scheme)


def _http_options(headers: Mapping[str, str]) -> dict[str, Any]:
    from aiohttp import ClientTimeout  # noqa: PLC0415 - comes with fsspec[http], needed for https alone

    timeout = ClientTimeout(sock_connect=_CONNECT_TIMEOUT_S, sock_read=_READ_TIMEOUT_S)
    session = {"timeout": timeout, "trace_configs": [public_redirects_only()]}
    # A cached file system instance would reuse the first stage's headers and responses.
    return {"client_kwargs": session, "headers": dict(headers), "skip_instance_cache": True}


def _timeouts(scheme: str) -> dict[str, Any]:
    """Timeouts in the options of the scheme's file system, which names them in its own way."""
    if scheme == "s3":
        return {"config_kwargs": {"connect_timeout": _CONNECT_TIMEOUT_S, "read_timeout": _READ_TIMEOUT_S}}
    return {"timeout": _READ_TIMEOUT_S}


def _cache_folder() -> Path:
    """`$DARKROOM_CACHE_DIR`, else the user's cache folder, else, if that is read-only, the temporary folder."""
    if chosen := os.environ.get(CACHE):
        return Path(chosen) / "models"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "darkroom" / "models"
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / f"darkroom-{os.getuid()}" / "models"
    return home
