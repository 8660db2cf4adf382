"""Access by a file of callers, their tokens and their rights."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final, Self

import structlog
import yaml
from pydantic import Field, ValidationError, model_validator

from darkroom.access.right import Right
from darkroom.errors import DarkroomError
from darkroom.files.stamps import Stamp, stamp_of
from darkroom.schema import StrictModel
from darkroom_ingestion.access.bearer import token_digest
from darkroom_ingestion.access.caller import Caller, Method

_LOOK_AGAIN_S: Final = 1.0
_OTHERS_MAY_READ: Final = 0o007
"""Not the group: the files of a Secret belong to a group of the pod."""

Owner = tuple[Method, bool, str]
"""Whom an entry gives rights: how the caller has proved its name, whether the name is that of a group, and the name."""

log = structlog.get_logger("darkroom.ingestion.access")


class BadTokenFile(DarkroomError):
    """The token file can't be read, or its content is invalid."""


_Name = Annotated[str, Field(min_length=1, max_length=1_024)]


class Entry(StrictModel):
    """A caller or a group, and what it may do with some pipelines. Several entries may have the same name.

    Attributes:
        name: the name of a caller with a token.
        token: the caller's token.
        sha256: instead of the token, its SHA-256 digest in hexadecimal digits.
        oidc_user: instead of a name and a token, a user of the OpenID Connect provider, with the prefix of its users.
        oidc_group: a group of that provider, with the prefix of its groups.
        proxy_user: a user that a trusted proxy names.
        proxy_group: a group that a trusted proxy names.
        pipelines: patterns of `namespace/name`, such as `demo/*`.
        rights: what the caller may do with the images of these pipelines.
    """

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")] | None = None
    token: Annotated[str, Field(min_length=16, max_length=4096, pattern=r"^[!-~]+$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    oidc_user: _Name | None = None
    oidc_group: _Name | None = None
    proxy_user: _Name | None = None
    proxy_group: _Name | None = None
    pipelines: list[Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]]
    rights: list[Right]

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        others = (self.oidc_user, self.oidc_group, self.proxy_user, self.proxy_group)
        if sum(one is not None for one in (self.token, self.sha256, *others)) != 1:
            raise ValueError("set one of token, sha256, oidcUser, oidcGroup, proxyUser and proxyGroup")
        if (self.name is None) == (self.digest is not None):
            raise ValueError("a name belongs to a token or its sha256")
        return self

    @property
    def digest(self) -> bytes | None:
        """The SHA-256 digest of the token; None if the entry has none."""
        if self.token is not None:
            return token_digest(self.token)
        return None if self.sha256 is None else bytes.fromhex(self.sha256)

    @property
    def owner(self) -> Owner:
        """Whom the entry gives rights."""
        names: dict[tuple[Method, bool], str | None] = {
            ("TokenFile", False): self.name,
            ("Oidc", False): self.oidc_user,
            ("Oidc", True): self.oidc_group,
            ("Proxy", False): self.proxy_user,
            ("Proxy", True): self.proxy_group,
        }
        return next((*kind, name) for kind, name in names.items() if name is not None)


class Document(StrictModel):
    """The content of a token file."""

    tokens: list[Entry]


@dataclass(frozen=True)
class _Content:
    """A token file as it is looked up: callers by the digests of their tokens, and entries by their owners."""

    callers: Mapping[bytes, Caller] = field(default_factory=dict)
    entries: Mapping[Owner, Sequence[Entry]] = field(default_factory=dict)


class TokenFile:
    """The callers of a token file and their rights: a TokenAuthenticator and an Authorizer.

    While the file is invalid, its last valid version is used.

    Raises:
        BadTokenFile: the file can't be read, or its content is invalid.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: Stamp | None = None
        self._content = self._read()

    async def caller_of(self, token: str) -> Caller | None:
        """The caller with this token; None if the file has no such token."""
        return self._content.callers.get(token_digest(token))

    async def may(self, caller: Caller, right: Right, namespace: str, name: str) -> bool:
        """Whether an entry of the caller, or of one of its groups, has the right to the pipeline."""
        return self._may(caller, right, f"{namespace}/{name}")

    async def allowed(self, caller: Caller, right: Right, pipelines: Collection[str]) -> set[str]:
        """Those of the pipelines to which an entry of the caller, or of one of its groups, has the right."""
        return {pipeline for pipeline in pipelines if self._may(caller, right, pipeline)}

    def _may(self, caller: Caller, right: Right, pipeline: str) -> bool:
        entries = self._content.entries
        owners: list[Owner] = [(caller.method, False, caller.name)]
        owners += [(caller.method, True, group) for group in caller.groups]
        return any(
            right in entry.rights and any(fnmatchcase(pipeline, pattern) for pattern in entry.pipelines)
            for owner in owners
            for entry in entries.get(owner, ())
        )

    async def watch(self) -> None:
        """Read the file again when it has changed. Runs until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            if stamp_of(self._path) == self._seen:
                continue
            try:
                self._content = self._read()
            except BadTokenFile as error:
                log.warning("token file is invalid, keeping the last valid one", reason=str(error))
            else:
                log.info("token file was read again", callers=len(self._content.entries))

    def _read(self) -> _Content:
        self._seen = stamp_of(self._path)
        entries = read_entries(self._path)
        if any(entry.token for entry in entries) and self._path.stat().st_mode & _OTHERS_MAY_READ:
            log.warning(
                "other users can read the token file: run chmod 600 on it, or list the sha256 of tokens",
                file=str(self._path),
            )
        callers = {
            entry.digest: Caller(entry.name, method="TokenFile")
            for entry in entries
            if entry.digest is not None and entry.name is not None
        }
        by_owner: dict[Owner, list[Entry]] = {}
        for entry in entries:
            by_owner.setdefault(entry.owner, []).append(entry)
        return _Content(callers, by_owner)


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
    names: dict[bytes, str | None] = {}
    for entry in entries:
        if entry.digest is not None and names.setdefault(entry.digest, entry.name) != entry.name:
            raise BadTokenFile(f"token file {path}: {names[entry.digest]} and {entry.name} have the same token")
    return entries
