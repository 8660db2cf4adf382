"""Responses that go on: their callers' rights are checked again and again."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from darkroom.access.right import Right
from darkroom_ingestion.access.access import Access
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import AccessUnavailable, BadCredential, Forbidden, NoCredential

STREAMED: Final = "darkroom.streamed"
"""Key in the ASGI scope of a response that goes on: a list of the pipelines, as `namespace/name`, that it reads."""

AGAIN_S: Final = 10.0
_LONGEST_UNKNOWN_S: Final = 60.0


def reads(scope: Mapping[str, Any], pipelines: Iterable[str]) -> None:
    """Note that the response to a request reads these pipelines, in addition to the one in its path."""
    scope.get(STREAMED, []).extend(pipelines)


async def until_refused(access: Access, head: Head, pipelines: Iterable[str], again_s: float) -> str:
    """Wait until the caller may no longer read one of the pipelines. Returns why.

    Args:
        access: access control.
        head: the request whose response goes on.
        pipelines: as `namespace/name`. May change.
        again_s: how often to check, in seconds.
    """
    known_at = time.monotonic()
    while True:
        await asyncio.sleep(again_s)
        try:
            caller = await access.caller_of(head)
            for key in pipelines:
                namespace, _, name = key.partition("/")
                await access.require(caller, [Right.READ], namespace, name)
            known_at = time.monotonic()
        except (NoCredential, BadCredential):
            return "the credential is no longer valid: sign in again"
        except Forbidden:
            return "the right to read this was withdrawn"
        except AccessUnavailable:
            if time.monotonic() - known_at > _LONGEST_UNKNOWN_S:
                return "access can't be checked: connect again later"
