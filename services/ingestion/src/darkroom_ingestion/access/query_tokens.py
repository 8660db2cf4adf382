"""Refuses tokens in addresses, which end up in logs, histories and Referer headers."""

import re
from typing import Final

from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.protocols import BadCredential

_TOKEN: Final = re.compile(rb"(?:^|&)(?:access_token|token|id_token|bearer)=", re.IGNORECASE)


class NoTokenInQuery:
    """An Authenticator that recognises nobody, and refuses requests with a token in their query."""

    async def authenticate(self, head: Head) -> Caller | None:
        """None."""
        if _TOKEN.search(head.scope["query_string"]):
            raise BadCredential(
                "The address has a token in its query. Addresses are logged, so it is refused, and should be revoked: "
                "send it as `Authorization: Bearer TOKEN`."
            )
        return None
