"""Lists of optional kinds, whose CRDs may be missing, by an operator with too few rights."""

from dataclasses import dataclass

import pytest

from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import DEPLOYMENT, SCALED_OBJECT, Kind
from darkroom_operator.kube.transport import Manifest, Query


@dataclass
class WithoutRights:
    """An API server that serves these kinds, and lets nobody list anything."""

    served: tuple[Kind, ...]

    def request(self, method: str, path: str, query: Query, body: Manifest | None, content_type: str) -> Manifest:  # noqa: ARG002
        if found := [kind for kind in self.served if path == f"/apis/{kind.api_version}"]:
            return {"resources": [{"name": kind.plural} for kind in found]}
        if path.endswith(SCALED_OBJECT.api_version):
            raise ApiError(404, "NotFound", "there is no such group")
        raise ApiError(403, "Forbidden", "no rights")


def pages(server: WithoutRights, kind: Kind) -> list[object]:
    return list(Kube(server, server, lambda *_: None).pages(kind, None))


def test_a_kind_that_is_not_installed_needs_no_rights() -> None:
    assert pages(WithoutRights(()), SCALED_OBJECT) == []


@pytest.mark.parametrize("kind", [SCALED_OBJECT, DEPLOYMENT], ids=str)
def test_a_kind_that_is_installed_needs_rights(kind: Kind) -> None:
    with pytest.raises(ApiError, match="no rights"):
        pages(WithoutRights((SCALED_OBJECT, DEPLOYMENT)), kind)
