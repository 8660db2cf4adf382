"""Callers that a trusted proxy has signed in, such as oauth2-proxy: it names them in headers."""

from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import BadCredential
from darkroom_ingestion.access.proxies.forwarded import is_within
from darkroom_ingestion.access.session.origin import SAFE_METHODS, sender_of
from darkroom_ingestion.sign_in_settings import KUBERNETES_PREFIX, SignInSettings


class TrustedProxy:
    """The Authenticator of the headers with the user and the groups.

    They count only in requests from its addresses. Others are handled as if they did not have them.
    """

    def __init__(self, settings: SignInSettings) -> None:
        self._networks = settings.trusted_proxies
        self._user = settings.proxy_user_header.lower().encode()
        self._groups = settings.proxy_groups_header.lower().encode()

    async def authenticate(self, head: Head) -> Caller | None:
        """The caller that the proxy names; None if the request is from elsewhere, or names nobody."""
        headers: list[tuple[bytes, bytes]] = head.scope["headers"]
        users = [value.decode("utf-8", "replace").strip() for name, value in headers if name == self._user]
        if not users or not self.trusts(head.peer):
            return None
        header = self._user.decode()
        if len(users) > 1 or not users[0]:
            raise BadCredential(
                f"The request has {header} more than once, or without a name: the proxy must replace what clients send."
            )
        if users[0].startswith(KUBERNETES_PREFIX):
            raise BadCredential(f"{header}: names of users may not start with {KUBERNETES_PREFIX}")
        if head.scope["method"] not in SAFE_METHODS and sender_of(headers) == "ForeignPage":
            raise BadCredential(
                "The request is from a page of another site, as its Sec-Fetch-Site or Origin header says."
            )
        texts = (value.decode("utf-8", "replace") for name, value in headers if name == self._groups)
        groups = (group.strip() for text in texts for group in text.split(","))
        kept = tuple(group for group in groups if group and not group.startswith(KUBERNETES_PREFIX))
        return Caller(users[0], kept, "Proxy")

    def trusts(self, address: str) -> bool:
        """Whether a client at `address` is a trusted proxy."""
        return is_within(address, self._networks)
