"""What a provider publishes about itself: its endpoints, and the keys that sign its tokens."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from darkroom_ingestion.access.oidc.errors import BadIdToken, IssuerUnavailable
from darkroom_ingestion.access.oidc.fetch import check_address, get_json

_FRESH_S: Final = 3_600.0
_KEPT_S: Final = 86_400.0
_BETWEEN_TRIES_S: Final = 10.0


@dataclass(frozen=True)
class Published:
    """The provider's metadata (OpenID Connect Discovery 1.0, section 3) and its keys (RFC 7517).

    Attributes:
        metadata: the document.
        keys: the keys of `jwks_uri` that may sign.
        read_at: when they were read, by the clock of the `Issuer`.
    """

    metadata: dict[str, Any]
    keys: list[dict[str, Any]]
    read_at: float


class Issuer:
    """The provider at `url`. What it publishes is read again after an hour, and when a key is unknown.

    While it is away, the keys that were read are used for a day. It is asked at most every ten seconds.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._clock = url, clock
        self._published: Published | None = None
        self._problem = ""
        self._tried_at = float("-inf")
        self._reading: asyncio.Task[Published | None] | None = None

    async def metadata(self) -> dict[str, Any]:
        """The provider's metadata.

        Raises:
            IssuerUnavailable: it can't be read.
        """
        return (await self._current()).metadata

    async def key(self, key_id: str | None, algorithm: str) -> PyJWK:
        """The key with this id, for `algorithm`. The id may be missing if there is only one key.

        Raises:
            BadIdToken: there is no such key.
            IssuerUnavailable: the keys can't be read.
        """
        published = await self._current()
        found = _find(published, key_id)
        if found is None:
            published = await self._read_after(published.read_at) or published
            found = _find(published, key_id)
        if found is None:
            raise BadIdToken(f"no key of {self._url} has the id {key_id!r:.80}")
        try:
            return PyJWK(found, algorithm=algorithm)
        except PyJWTError:
            raise BadIdToken(f"the key {key_id!r:.80} of {self._url} is not for {algorithm:.20}") from None

    async def _current(self) -> Published:
        published = self._published
        if published is not None and self._clock() - published.read_at < _FRESH_S:
            return published
        published = await self._read_after(float("-inf") if published is None else published.read_at) or published
        if published is None or self._clock() - published.read_at > _KEPT_S:
            raise IssuerUnavailable(f"OpenID Connect provider {self._url}: {self._problem}")
        return published

    async def _read_after(self, read_at: float) -> Published | None:
        """What the provider publishes, if it was or can be read after `read_at`."""
        if self._published is not None and self._published.read_at > read_at:
            return self._published
        if self._reading is None:
            if self._clock() - self._tried_at < _BETWEEN_TRIES_S:
                return None
            self._tried_at = self._clock()
            self._reading = asyncio.create_task(self._read_once())
        # One request that is cancelled does not end the reading that others wait for.
        return await asyncio.shield(self._reading)

    async def _read_once(self) -> Published | None:
        try:
            self._published = await self._read()
        except IssuerUnavailable as error:
            self._problem = str(error)
            return None
        finally:
            self._reading = None
        return self._published

    async def _read(self) -> Published:
        check_address(self._url)
        metadata = await get_json(f"{self._url.rstrip('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != self._url:
            raise IssuerUnavailable(
                f"it calls itself {metadata.get('issuer')!r:.200}: set --oidc-issuer to exactly that"
            )
        keys = (await get_json(str(metadata.get("jwks_uri")))).get("keys")
        if not isinstance(keys, list):
            raise IssuerUnavailable(f"{metadata.get('jwks_uri')}: there are no keys")
        signing = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]
        return Published(metadata, signing, self._clock())


def _find(published: Published, key_id: str | None) -> dict[str, Any] | None:
    keys = published.keys
    if key_id is None:
        return keys[0] if len(keys) == 1 else None
    return next((key for key in keys if key.get("kid") == key_id), None)
