"""Seals the content of cookies: encrypted and signed, so that only this service can read or make it."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from darkroom.errors import DarkroomError

Purpose = Literal["login", "session"]
"""What a sealed text is for. One that is made for a purpose can't be opened for another."""


class BadSeal(DarkroomError):
    """The text was not sealed with one of the keys for this purpose, was changed, or has expired."""


class Seal:
    """Seals with the first of `keys`, opens with all of them.

    Args:
        keys: at least one secret of any form.
        purpose: what the sealed texts are for.
        seconds: how long a sealed text can be opened.
    """

    def __init__(self, keys: Sequence[str], purpose: Purpose, seconds: int) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key, purpose)) for key in keys])
        self.seconds = seconds

    def seal(self, content: Mapping[str, Any]) -> str:
        """`content` as a sealed text, of characters that a cookie may have."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> tuple[dict[str, Any], int]:
        """The content of a sealed text, and when it was sealed, in seconds since 1970.

        Raises:
            BadSeal: it is not valid, or no longer.
        """
        data = sealed.encode(errors="replace")
        try:
            content: dict[str, Any] = json.loads(self._fernet.decrypt(data, ttl=self.seconds))
            return content, self._fernet.extract_timestamp(data)
        except InvalidToken:
            raise BadSeal("the cookie is not valid, or no longer") from None


def _derived(key: str, purpose: Purpose) -> bytes:
    """The Fernet key for a purpose: 32 bytes in base64."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"darkroom {purpose} {key}".encode()).digest())
