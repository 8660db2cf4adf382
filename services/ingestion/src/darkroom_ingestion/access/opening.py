"""Creates the access control that the settings ask for."""

from darkroom_ingestion.access.access import Access
from darkroom_ingestion.access.opening_sign_in import open_sign_in
from darkroom_ingestion.access.protocols import EverythingAllowed
from darkroom_ingestion.access.token_file import TokenFile
from darkroom_ingestion.access_settings import AccessSettings
from darkroom_ingestion.metrics import Metrics

_HOW_WITH_A_FILE = "send Authorization: Bearer TOKEN with a token of the service's token file"


def open_access(settings: AccessSettings, metrics: Metrics) -> Access:
    """Access control.

    Raises:
        BadTokenFile: the token file can't be read, or its content is invalid.
    """
    if settings.token_file is None:
        return Access("none", (), EverythingAllowed(), metrics)
    tokens = TokenFile(settings.token_file)
    authenticators, sign_in = open_sign_in(settings.sign_in, [tokens])
    return Access(
        settings.mode,
        authenticators,
        tokens,
        metrics,
        sign_in=sign_in,
        how_to_sign_in=_HOW_WITH_A_FILE,
        background=(("token file", tokens.watch),),
    )
