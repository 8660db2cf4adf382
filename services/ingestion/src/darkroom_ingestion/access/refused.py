"""Limits how many credentials are tried from one address: an unknown one may take a review by the API server."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from darkroom.access.token_file import token_digest
from darkroom.errors import DarkroomError
from darkroom_ingestion.access.protocols import BadCredential
from darkroom_ingestion.limits.token_bucket import TokenBucket

BURST: Final = 30
_A_SECOND: Final = 1.0
_MOST_ADDRESSES: Final = 10_000
_MOST_ACCEPTED: Final = 1_000


class TooManyRefused(DarkroomError):
    """Too many credentials from an address were refused.

    Attributes:
        retry_after_s: whole seconds until another credential is tried.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"Too many credentials from this address were refused: wait {retry_after_s} s before you try another one."
        )
        self.retry_after_s = retry_after_s


class _Address:
    """An address from which a credential was refused."""

    __slots__ = ("accepted", "bucket")

    def __init__(self, now_s: float) -> None:
        self.bucket = TokenBucket(_A_SECOND, BURST, now_s)
        self.accepted: OrderedDict[bytes, None] = OrderedDict()


class RefusedCredentials:
    """Counts the credentials that were refused, by address. Used from the event loop only.

    An address has `BURST` attempts, and gets another one each second. Only refused credentials use them up. Those that
    were accepted since the first refusal are not limited: clients that share an address with an attacker go on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most_addresses: int = _MOST_ADDRESSES) -> None:
        self._clock, self._most = clock, most_addresses
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    @contextmanager
    def trying(self, address: str, credential: Callable[[], str]) -> Iterator[None]:
        """Check a credential in the block. `credential` gives it: only that of an address with refusals is asked for.

        Raises:
            TooManyRefused: it is not to be checked now.
        """
        known = self._addresses.get(address)
        if known is None:
            try:
                yield
            except BadCredential:
                self._of(address).bucket.take(1, self._clock())
                raise
            return
        self._addresses.move_to_end(address)
        digest = token_digest(credential())
        if digest in known.accepted:
            yield
            return
        if wait_s := known.bucket.take(1, self._clock()):
            raise TooManyRefused(math.ceil(wait_s))
        is_refused = False
        try:
            yield
            known.accepted[digest] = None
        except BadCredential:
            is_refused = True
            raise
        finally:
            if not is_refused:
                known.bucket.spend(-1, self._clock())
        if len(known.accepted) > _MOST_ACCEPTED:
            known.accepted.popitem(last=False)

    def _of(self, address: str) -> _Address:
        known = self._addresses.get(address)
        if known is None:
            if len(self._addresses) >= self._most:
                self._addresses.popitem(last=False)
            known = self._addresses[address] = _Address(self._clock())
        return known
