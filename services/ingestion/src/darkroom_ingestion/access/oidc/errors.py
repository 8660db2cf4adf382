"""What can be wrong with a provider and its tokens."""

from darkroom.errors import DarkroomError
from darkroom_ingestion.access.protocols import AccessUnavailable, BadCredential


class IssuerUnavailable(AccessUnavailable):
    """The provider does not respond, or not as OpenID Connect says."""


class BadIdToken(BadCredential):
    """The ID token is not valid."""


class LoginFailed(DarkroomError):
    """The login in a browser did not succeed. The message is for its user."""
