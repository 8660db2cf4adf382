"""Files in buckets: `s3://` and `gs://`."""

from pathlib import Path
from typing import Any, Final

from darkroom_vision.sources.failures import Busy, NotFound, Refused
from darkroom_vision.sources.remote_file import MAX_BYTES

_CONNECT_TIMEOUT_S: Final = 10.0
_READ_TIMEOUT_S: Final = 60.0
_BLOCK_BYTES: Final = 1 << 20


def download_from_bucket(uri: str, part: Path) -> None:
    """Append to `part` the bytes of the file at `uri` that it does not have yet.

    Raises:
        Refused: the file does not exist or is too large, or the packages for its scheme are not installed.
    """
    import fsspec  # noqa: PLC0415 - needed for buckets alone

    scheme = uri.partition(":")[0]
    part.touch()
    try:
        with fsspec.open(uri, "rb", **_timeouts(scheme)) as remote, part.open("ab") as local:
            if start := local.tell():
                remote.seek(start)
            while block := remote.read(_BLOCK_BYTES):
                if local.tell() + len(block) > MAX_BYTES:
                    raise Refused(f"it has more than {MAX_BYTES >> 30} GiB")
                local.write(block)
    except ImportError as error:
        raise Refused(
            f"this worker can't read {scheme}://: {error}: install darkroom-vision[{scheme}], or build the inference "
            f'image with INFERENCE_EXTRAS="heic opentelemetry {scheme}"'
        ) from error
    except FileNotFoundError as error:
        # fsspec also reports unreachable servers as missing files.
        if error.__cause__ is not None:
            raise Busy(str(error.__cause__) or type(error.__cause__).__name__) from error
        raise NotFound from error


def _timeouts(scheme: str) -> dict[str, Any]:
    """Timeouts in the options of the scheme's file system, which names them in its own way."""
    if scheme == "s3":
        return {"config_kwargs": {"connect_timeout": _CONNECT_TIMEOUT_S, "read_timeout": _READ_TIMEOUT_S}}
    return {"timeout": _READ_TIMEOUT_S}
