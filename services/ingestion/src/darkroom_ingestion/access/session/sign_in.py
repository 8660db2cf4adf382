"""How people can sign in to the web console."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from darkroom_ingestion.access.bearer import Tokens

if TYPE_CHECKING:
    from darkroom_ingestion.access.oidc.login import OidcLogin
    from darkroom_ingestion.access.session.sessions import Sessions

Way = Literal["token", "oidc"]
"""With a token, or at an OpenID Connect provider."""


@dataclass(frozen=True)
class SignIn:
    """What the routes of sessions need.

    Attributes:
        tokens: the tokens that people can sign in with.
        oidc: logins at a provider; None if none is configured.
    """

    sessions: "Sessions"
    tokens: Tokens
    oidc: "OidcLogin | None" = None

    @property
    def ways(self) -> tuple[Way, ...]:
        """How people can sign in."""
        return ("token",) if self.oidc is None else ("oidc", "token")
