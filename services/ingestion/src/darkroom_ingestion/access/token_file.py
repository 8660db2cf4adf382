"""Access by a file of callers, their tokens and their rights."""

import asyncio
import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final, Self

import structlog
import yaml
from pydantic import Field, ValidationError, model_validator

from darkroom.errors import DarkroomError
from darkroom.schema import StrictModel
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.right import Right

_LOOK_AGAIN_S: Final = 1.0
_OTHERS_MAY_READ: Final = 0o007
"""Not the group: the files of a Secret belong to a group of the pod."""

log = structlog.get_logger("darkroom.ingestion.access")


class BadTokenFile(DarkroomError):
    """The token file can't be read, or its content is invalid."""


class Entry(StrictModel):
    """A caller, and what it may do with some pipelines. Several entries may have the same name.

    Attributes:
        token: the caller's token.
        sha256: instead of the token, its SHA-256 digest in hexadecimal digits.
        pipelines: patterns of `namespace/name`, such as `demo/*`.
        rights: what the caller may do with the images of these pipelines.
    """

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
    token: Annotated[str, Field(min_length=16, max_length=4096, pattern=r"^[!-~]+$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    pipelines: list[Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]]
    rights: list[Right]

    @model_validator(mode="after")
    def _has_one_token(self) -> Self:
        if (self.token is None) == (self.sha256 is None):
            raise ValueError("set either token or sha256")
        return self

    @property
    def digest(self) -> bytes:
        """The SHA-256 digest of the token."""
        return bytes.fromhex(self.sha256 or "") if self.token is None else digest_of(self.token)


class Document(StrictModel):
    """The content of a token file."""

    tokens: list[Entry]


@dataclass(frozen=True)
class _Content:
    """A token file as it is looked up: callers by the digests of their tokens, and their entries."""

    callers: Mapping[bytes, Caller] = field(default_factory=dict)
    entries: Mapping[str, Sequence[Entry]] = field(default_factory=dict)


class TokenFile:
    """The callers of a token file and their rights: a TokenAuthenticator and an Authorizer.

    While the file is invalid, its last valid version is used.

    Raises:
        BadTokenFile: the file can't be read, or its content is invalid.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._content = self._read()

    async def caller_of(self, token: str) -> Caller | None:
        """The caller with this token; None if the file has no such token."""
        return self._content.callers.get(digest_of(token))

    async def may(self, caller: Caller, right: Right, namespace: str, name: str) -> bool:
        """Whether an entry of the caller has the right to the pipeline."""
        pipeline = f"{namespace}/{name}"
        return any(
            right in entry.rights and any(fnmatchcase(pipeline, pattern) for pattern in entry.pipelines)
            for entry in self._content.entries.get(caller.name, ())
        )

    async def watch(self) -> None:
        """Read the file again when it has changed. Runs until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            if self._stamp() == self._seen:
                continue
            try:
                self._content = self._read()
            except BadTokenFile as error:
                log.warning("token file is invalid, keeping the last valid one", reason=str(error))
            else:
                log.info("token file was read again", callers=len(self._content.entries))

    def _read(self) -> _Content:
        self._seen = self._stamp()
        entries = read_entries(self._path)
        if any(entry.token for entry in entries) and self._path.stat().st_mode & _OTHERS_MAY_READ:
            log.warning(
                "other users can read the token file: run chmod 600 on it, or list the sha256 of tokens",
                file=str(self._path),
            )
        callers = {entry.digest: Caller(entry.name, method="TokenFile") for entry in entries}
        by_name: dict[str, list[Entry]] = {}
        for entry in entries:
            by_name.setdefault(entry.name, []).append(entry)
        return _Content(callers, by_name)

    def _stamp(self) -> tuple[int, int, int] | None:
        with contextlib.suppress(OSError):
            stat = self._path.stat()
            return stat.st_mtime_ns, stat.st_size, stat.st_ino
        return None


def digest_of(token: str) -> bytes:
    """The SHA-256 digest of a token."""
    return hashlib.sha256(token.encode()).digest()


def read_entries(path: Path) -> list[Entry]:
    """The entries of a token file.

    Raises:
        BadTokenFile: the file can't be read, or its content is invalid.
    """
    try:
        entries = Document.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).tokens
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadTokenFile(f"token file {path} can't be read: {reason}") from error
    except yaml.YAMLError as error:
        # Not the error's text, which quotes the file.
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" at line {mark.line + 1}"
        raise BadTokenFile(f"token file {path} is not valid YAML{line}") from None
    except ValidationError as error:
        detail = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        raise BadTokenFile(f"token file {path}: {where}: {detail['msg']}") from None
    owners: dict[bytes, str] = {}
    for entry in entries:
        if owners.setdefault(entry.digest, entry.name) != entry.name:
            raise BadTokenFile(f"token file {path}: {owners[entry.digest]} and {entry.name} have the same token")
    return entries
