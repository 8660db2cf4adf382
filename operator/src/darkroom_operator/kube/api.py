"""The Kubernetes verbs that the operator needs, the same for every kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from darkroom_operator.kube.errors import ApiError, NotLeader
from darkroom_operator.kube.kinds import STRIMZI, Kind
from darkroom_operator.kube.transport import Manifest, Transport

FIELD_MANAGER = "darkroom"
PAGE_SIZE = "250"

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_JSON = "application/json"

Observer = Callable[[str, Kind, int], None]
"""Called after every request with its verb, its kind and the HTTP status (0: no response)."""


@dataclass(frozen=True)
class Page:
    """One page of a list, and the resource version of the whole list."""

    items: list[Manifest]
    version: int


class Kube:
    """The Kubernetes API. Every write checks `may_write` first, so that only the leader changes anything."""

    def __init__(
        self,
        core: Transport,
        strimzi: Transport,
        observe: Observer,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._core = core
        self._strimzi = strimzi
        self._may_write = may_write
        self._observe = observe

    def find(self, kind: Kind, namespace: str | None, name: str) -> Manifest | None:
        """The object, or None."""
        return self._find(kind, kind.path(namespace, name), {})

    def find_cached(self, kind: Kind, namespace: str | None, name: str) -> Manifest | None:
        """The object from the API server's watch cache, or None. Cheaper than `find`, but may be outdated."""
        return self._find(kind, kind.path(namespace, name), {"resourceVersion": "0"})

    def _find(self, kind: Kind, path: str, query: dict[str, str]) -> Manifest | None:
        try:
            return self._read(kind, path, query)
        except ApiError as error:
            if error.is_not_found:
                return None
            raise

    def pages(self, kind: Kind, namespace: str | None) -> Iterator[Page]:
        """Every object that `kind.selector` selects; no page if the kind is optional and its CRD is not installed."""
        query = {"limit": PAGE_SIZE} | ({"labelSelector": kind.selector} if kind.selector else {})
        while True:
            try:
                found = self._read(kind, kind.path(namespace), query)
            except ApiError as error:
                if kind.optional and self._is_missing(kind, error):
                    return
                raise
            yield Page(found["items"], int(found["metadata"]["resourceVersion"]))
            following = found["metadata"].get("continue")
            if not following:
                return
            query = query | {"continue": following}

    def _is_missing(self, kind: Kind, error: ApiError) -> bool:
        """Whether a request failed because the CRD is not installed. Without rights to the kind, that is 403 too."""
        return error.is_not_found or (error.is_forbidden and kind.plural not in self.resources(kind))

    def resources(self, kind: Kind) -> set[str]:
        """The resources that the API server serves in the group and version of `kind`, by their plural names."""
        found = self._find(kind, f"/apis/{kind.api_version}", {}) or {"resources": []}
        return {resource["name"] for resource in found["resources"]}

    def apply(self, kind: Kind, manifest: Manifest, *, force: bool = True, manager: str = FIELD_MANAGER) -> Manifest:
        """Server-side apply; `force` takes over fields that other managers own."""
        path = kind.path(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        query = {"fieldManager": manager} | ({"force": "true"} if force else {})
        return self._write("apply", kind, "PATCH", path, query, manifest, _APPLY)

    def apply_status(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Server-side apply of the status subresource."""
        path = kind.path(manifest["metadata"]["namespace"], manifest["metadata"]["name"], "status")
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return self._write("apply status", kind, "PATCH", path, query, manifest, _APPLY)

    def merge(self, kind: Kind, namespace: str, name: str, patch: Manifest) -> Manifest:
        """A JSON merge patch."""
        query = {"fieldManager": FIELD_MANAGER}
        return self._write("patch", kind, "PATCH", kind.path(namespace, name), query, patch, _MERGE)

    def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Create the object."""
        path = kind.path(manifest["metadata"]["namespace"])
        return self._write("create", kind, "POST", path, {"fieldManager": FIELD_MANAGER}, manifest, _JSON)

    def replace(self, kind: Kind, manifest: Manifest) -> Manifest:
        """Replace the object if it still has the resource version of `manifest`."""
        path = kind.path(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        return self._write("replace", kind, "PUT", path, {"fieldManager": FIELD_MANAGER}, manifest, _JSON)

    def delete(self, kind: Kind, live: Manifest) -> None:
        """Delete the object `live`, but not another one of the same name. Does nothing if it is gone.

        Raises:
            ApiError: refused; a conflict if another object has the name by now, or the object has just been changed.
        """
        metadata = live["metadata"]
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": metadata["uid"]},
        }
        try:
            path = kind.path(metadata["namespace"], metadata["name"])
            self._write("delete", kind, "DELETE", path, {}, options, _JSON)
        except ApiError as error:
            if not error.is_not_found:
                raise

    def _read(self, kind: Kind, path: str, query: dict[str, str]) -> Manifest:
        return self._observed("get", kind, "GET", path, query, None, "")

    def _write(
        self, verb: str, kind: Kind, method: str, path: str, query: dict[str, str], body: Manifest, content_type: str
    ) -> Manifest:
        if not self._may_write():
            raise NotLeader
        return self._observed(verb, kind, method, path, query, body, content_type)

    def _observed(
        self,
        verb: str,
        kind: Kind,
        method: str,
        path: str,
        query: dict[str, str],
        body: Manifest | None,
        content_type: str,
    ) -> Manifest:
        transport = self._strimzi if kind in STRIMZI else self._core
        try:
            response = transport.request(method, path, query, body, content_type)
        except ApiError as error:
            self._observe(verb, kind, error.status)
            raise
        self._observe(verb, kind, 200)
        return response
