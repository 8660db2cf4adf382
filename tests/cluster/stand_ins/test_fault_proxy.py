"""The proxy passes everything through except for the injected faults."""

import threading

import kubernetes
import pytest
from urllib3.exceptions import HTTPError

from tests.support.kube.api import ApiError, Manifest
from tests.support.kube.api_server import ApiServer
from tests.support.kube.fault_proxy import Fault, FaultProxy
from tests.support.kube.follower import Follower
from tests.support.until import until


@pytest.mark.parametrize(("code", "reason"), [(409, "Conflict"), (429, "TooManyRequests"), (500, "InternalError")])
def test_a_fault_affects_the_given_number_of_requests(
    api_server: ApiServer, namespace: str, code: int, reason: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with FaultProxy(api_server.admin) as proxy:
        api = proxy.access(api_server.admin).api()
        fault = proxy.inject(Fault(code, times=2, method="POST", path="/configmaps", retry_after_s=1))
        for _ in range(2):
            with pytest.raises(ApiError, match=f"{code} {reason}: injected by a test"):
                api.create(path, {"metadata": {"name": "mine"}})
        assert api.find(f"{path}/mine") is None
        api.create(path, {"metadata": {"name": "mine"}})
        assert fault.hits == 2


def test_the_response_of_an_executed_request_can_be_lost(api_server: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with FaultProxy(api_server.admin) as proxy:
        api = proxy.access(api_server.admin).api()
        proxy.inject(Fault(0, method="POST", carried_out=True))
        with pytest.raises(HTTPError):
            api.create(path, {"metadata": {"name": "mine"}})
        assert api.find(f"{path}/mine") is not None


def test_watches_stream_and_survive_a_cut(api_server: ApiServer, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    names: set[str] = set()
    lock = threading.Lock()

    def changed(item: Manifest) -> None:
        with lock:
            names.add(item["metadata"]["name"])

    with FaultProxy(api_server.admin) as proxy:
        follower = Follower(proxy.access(api_server.admin).api(), path, changed, lambda _: None)
        follower.start()
        direct = api_server.admin.api()
        direct.create(path, {"metadata": {"name": "first"}})
        until(lambda: "first" in names, "the first seen")
        proxy.cut()
        direct.create(path, {"metadata": {"name": "second"}})
        until(lambda: "second" in names, "the second seen")
        follower.stop()


def test_the_usual_client_works_through_it(api_server: ApiServer, namespace: str) -> None:
    with FaultProxy(api_server.admin) as proxy, proxy.access(api_server.admin).client() as client:
        account = kubernetes.client.CoreV1Api(client).read_namespaced_service_account("default", namespace)
    assert account.kind == "ServiceAccount"
