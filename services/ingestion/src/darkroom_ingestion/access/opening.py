"""Creates the access control that the settings ask for."""

from typing import TYPE_CHECKING, Final

from darkroom.access.token_file import read_entries
from darkroom_ingestion.access.access import Access
from darkroom_ingestion.access.by_method import ByMethod
from darkroom_ingestion.access.opening_sign_in import open_sign_in
from darkroom_ingestion.access.protocols import EverythingAllowed
from darkroom_ingestion.access.token_file import TokenFile
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import Settings

if TYPE_CHECKING:
    from darkroom_ingestion.catalog.cluster.api_server import ApiServer

_HOW_WITH_A_FILE: Final = "send Authorization: Bearer TOKEN with a token of the service's token file"


def check_access(settings: Settings) -> None:
    """Check the settings of access control before the service starts.

    Raises:
        BadTokenFile: the token file can't be read, or its content is invalid.
        NoCluster: the address of the API server is not known.
    """
    if settings.access.token_file is not None:
        read_entries(settings.access.token_file)
    if settings.access.mode == "kubernetes":
        _api_server(settings)


def open_access(settings: Settings, metrics: Metrics) -> Access:
    """Access control.

    Raises:
        BadTokenFile: the token file can't be read, or its content is invalid.
        NoCluster: the address of the API server is not known.
    """
    access = settings.access
    if access.mode == "none":
        return Access("none", (), EverythingAllowed(), metrics)
    file = None if access.token_file is None else TokenFile(access.token_file)
    watching = () if file is None else (("token file", file.watch),)
    if access.mode == "token-file":
        assert file is not None  # noqa: S101 - AccessSettings requires it
        authenticators, sign_in = open_sign_in(access.sign_in, [file])
        return Access(
            access.mode,
            authenticators,
            file,
            metrics,
            sign_in=sign_in,
            how_to_sign_in=_HOW_WITH_A_FILE,
            background=watching,
        )

    from darkroom_ingestion.access.kubernetes.reviews import Reviews  # noqa: PLC0415 - its HTTP client takes long
    from darkroom_ingestion.access.kubernetes.rights import KubernetesRights  # noqa: PLC0415
    from darkroom_ingestion.access.kubernetes.tokens import KubernetesTokens, how_to_sign_in  # noqa: PLC0415

    reviews = Reviews(_api_server(settings), metrics)
    of_cluster = KubernetesTokens(reviews, access.token_audience)
    authenticators, sign_in = open_sign_in(access.sign_in, [of_cluster] if file is None else [file, of_cluster])
    return Access(
        access.mode,
        authenticators,
        ByMethod(KubernetesRights(reviews), {} if file is None else {"TokenFile": file}),
        metrics,
        sign_in=sign_in,
        how_to_sign_in=how_to_sign_in(access.token_audience),
        audience=access.token_audience,
        background=(("access reviews", reviews.run), *watching),
    )


def _api_server(settings: Settings) -> "ApiServer":
    from darkroom_ingestion.catalog.cluster.api_server import ApiServer, server_of_the_pod  # noqa: PLC0415

    return ApiServer(settings.kubernetes_server or server_of_the_pod(), settings.kubernetes_credentials)
