"""Access by a file of callers, their tokens and their rights."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import structlog

from darkroom.access.right import Right
from darkroom.access.token_file import BadTokenFile, Entry, read_entries, token_digest
from darkroom.files.stamps import Stamp, stamp_of
from darkroom_ingestion.access.caller import Caller, Method

_LOOK_AGAIN_S: Final = 1.0
_OTHERS_MAY_READ: Final = 0o007
"""Not the group: the files of a Secret belong to a group of the pod."""

Owner = tuple[Method, bool, str]
"""Whom an entry gives rights: how the caller has proved its name, whether the name is that of a group, and the name."""

log = structlog.get_logger("darkroom.ingestion.access")


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
            by_owner.setdefault(_owner(entry), []).append(entry)
        return _Content(callers, by_owner)


def _owner(entry: Entry) -> Owner:
    """Whom the entry gives rights."""
    names: dict[tuple[Method, bool], str | None] = {
        ("TokenFile", False): entry.name,
        ("Oidc", False): entry.oidc_user,
        ("Oidc", True): entry.oidc_group,
        ("Proxy", False): entry.proxy_user,
        ("Proxy", True): entry.proxy_group,
    }
    return next((*kind, name) for kind, name in names.items() if name is not None)
