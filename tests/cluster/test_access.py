"""Callers of a cluster: service accounts with real tokens and Roles, reviewed by a real API server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs

from darkroom.access.right import Right
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.kubernetes.reviews import Reviews
from darkroom_ingestion.access.kubernetes.rights import KubernetesRights
from darkroom_ingestion.access.kubernetes.tokens import KubernetesTokens
from darkroom_ingestion.access.protocols import AccessUnavailable, BadCredential
from darkroom_ingestion.catalog.cluster.api_server import ApiServer as Client
from darkroom_ingestion.metrics import Metrics
from tests.support.clock import Clock
from tests.support.kube.api_server import ApiServer
from tests.support.kube.fault_proxy import Fault, FaultProxy
from tests.support.manifests import pipeline_manifest
from tests.support.services.access.accounts import RBAC, Accounts
from tests.support.services.ingestion import JPEG, Pipeline, Service
from tests.support.until import until

REVIEWS = "(tokenreviews|subjectaccessreviews)"
T = TypeVar("T")


@pytest.fixture
def cluster(api_server: ApiServer, tmp_path: Path) -> Accounts:
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    return Accounts(api_server, api_server.namespace(), folder)


@dataclass
class Checks:
    """Access control of a cluster within the test, at a time that the test sets."""

    tokens: KubernetesTokens
    rights: KubernetesRights
    clock: Clock

    async def may(self, token: str, right: Right, namespace: str, name: str = "digits") -> bool:
        return await self.rights.may(await self.tokens.caller_of(token), right, namespace, name)


def checked(credentials: tuple[str, Path], test: Callable[[Checks], Awaitable[T]]) -> T:
    """Run a test with access control, in an event loop of its own."""

    async def run() -> T:
        clock, reviews = Clock(), Reviews(Client(*credentials), Metrics())
        closing = asyncio.create_task(reviews.run())
        await asyncio.sleep(0)
        try:
            return await test(
                Checks(KubernetesTokens(reviews, "darkroom", clock), KubernetesRights(reviews, clock), clock)
            )
        finally:
            closing.cancel()
            await asyncio.gather(closing, return_exceptions=True)

    return asyncio.run(run())


def test_a_service_account_is_a_caller_with_the_rights_of_its_role(cluster: Accounts) -> None:
    cluster.account("camera", Right.SUBMIT)
    cluster.account("doctor", Right.READ_DEAD_LETTERS, Right.REDRIVE, pipelines=["digits"])
    elsewhere = cluster.api_server.namespace()

    async def test(checks: Checks) -> None:
        caller = await checks.tokens.caller_of(cluster.token("camera"))
        assert caller.name == f"system:serviceaccount:{cluster.namespace}:camera"
        assert caller.method == "Kubernetes"
        assert "system:authenticated" in caller.groups
        assert caller.expires_at is not None
        camera, doctor = cluster.token("camera"), cluster.token("doctor")
        assert [right for right in Right if await checks.may(camera, right, cluster.namespace)] == [Right.SUBMIT]
        assert [right for right in Right if await checks.may(camera, right, elsewhere)] == []
        of_doctor = [right for right in Right if await checks.may(doctor, right, cluster.namespace)]
        assert of_doctor == [Right.READ_DEAD_LETTERS, Right.REDRIVE]
        assert [right for right in Right if await checks.may(doctor, right, cluster.namespace, "faces")] == []

        keys = [f"{cluster.namespace}/{name}" for name in ("digits", "faces")] + [f"{elsewhere}/digits"]
        camera_caller, doctor_caller = [await checks.tokens.caller_of(token) for token in (camera, doctor)]
        assert await checks.rights.allowed(camera_caller, Right.SUBMIT, keys) == set(keys[:2])
        assert await checks.rights.allowed(doctor_caller, Right.REDRIVE, keys) == {keys[0]}

    checked(cluster.credentials(), test)


def test_tokens_that_are_not_for_this_service_are_refused(cluster: Accounts) -> None:
    cluster.account("camera", Right.SUBMIT)

    async def refused(checks: Checks, token: str, words: str) -> None:
        with pytest.raises(BadCredential, match=words):
            await checks.tokens.caller_of(token)

    async def test(checks: Checks) -> None:
        await refused(checks, cluster.token("camera", "https://kubernetes.default.svc"), "for another audience")
        await refused(checks, "not-a-token", "does not recognise")
        token = cluster.token("camera")
        await refused(checks, token[:-4] + "AAAA", "does not recognise")
        # The static token of the test's administrator has all rights in the API server, but no audience.
        await refused(checks, cluster.api_server.admin.token, "does not recognise")

        assert await checks.tokens.caller_of(token)
        cluster.api_server.admin.api().delete(f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/camera")
        assert await checks.tokens.caller_of(token), "within the time that it is kept"
        await asyncio.to_thread(until, lambda: cluster.is_deleted(token), "the API server forgets it too")
        checks.clock.now += 30
        await refused(checks, token, "does not recognise")

    checked(cluster.credentials(), test)


def test_a_revoked_right_and_a_granted_one_take_effect_within_the_time_that_decisions_are_kept(
    cluster: Accounts,
) -> None:
    cluster.account("camera", Right.SUBMIT)
    role = f"{RBAC}/namespaces/{cluster.namespace}/roles/camera"
    api = cluster.api_server.admin.api()

    async def test(checks: Checks) -> None:
        token = cluster.token("camera")
        assert await checks.may(token, Right.SUBMIT, cluster.namespace)
        rules = api.get(role)["rules"]
        api.merge(role, {"rules": []})
        assert await checks.may(token, Right.SUBMIT, cluster.namespace), "it is kept"
        checks.clock.now += 30
        assert not await checks.may(token, Right.SUBMIT, cluster.namespace)
        api.merge(role, {"rules": rules})
        checks.clock.now += 10
        assert await checks.may(token, Right.SUBMIT, cluster.namespace)

    checked(cluster.credentials(), test)


def test_callers_of_other_methods_are_in_no_group_of_the_api_server(cluster: Accounts) -> None:
    async def test(checks: Checks) -> None:
        for caller in (Caller("eve", ("system:masters",), "Oidc"), Caller("system:admin", (), "Proxy")):
            assert not await checks.rights.may(caller, Right.READ, cluster.namespace, "digits")

    checked(cluster.credentials(), test)


def test_decisions_while_the_api_server_is_away(cluster: Accounts) -> None:
    cluster.account("camera", Right.SUBMIT)

    async def test(checks: Checks, proxy: FaultProxy) -> None:
        token = cluster.token("camera")
        proxy.inject(Fault(503, 1, path=REVIEWS))
        assert await checks.may(token, Right.SUBMIT, cluster.namespace), "a review is tried again"
        away = proxy.inject(Fault(0, 1_000, path=REVIEWS))
        assert await checks.may(token, Right.SUBMIT, cluster.namespace), "kept decisions hold"
        hits = away.hits
        checks.clock.now += 30
        with pytest.raises(AccessUnavailable):
            await checks.may(token, Right.SUBMIT, cluster.namespace)
        assert away.hits == hits + 3
        with pytest.raises(AccessUnavailable):
            await checks.tokens.caller_of("another")
        assert away.hits == hits + 3, "nothing else is tried for a moment"

    with FaultProxy(cluster.api_server.admin) as proxy:
        through = proxy.access(cluster.api_server.admin)
        checked(cluster.credentials(through), lambda checks: test(checks, proxy))


def test_a_service_that_may_not_review_access_says_so_in_its_log(cluster: Accounts) -> None:
    server, folder = cluster.credentials()
    cluster.account("powerless")
    (folder / "token").write_text(cluster.api_server.admin.as_service_account(cluster.namespace, "powerless").token)

    async def test(checks: Checks) -> None:
        with pytest.raises(AccessUnavailable):
            await checks.tokens.caller_of(cluster.token("powerless"))

    with capture_logs() as logs:
        checked((server, folder), test)
    [line] = logs
    assert (line["review"], line["status"]) == ("TokenReview", 403)
    assert "cannot create resource" in line["reason"]


@pytest.fixture
def service(cluster: Accounts, tmp_path: Path) -> Iterator[Service]:
    """A service that knows a pipeline of the cluster's namespace and one of another, whose Kafka does not exist."""
    server, folder = cluster.credentials()
    options = [
        *("--access", "kubernetes"),
        *("--kubernetes-server", server),
        *("--kubernetes-credentials", str(folder)),
    ]
    kafka = "127.0.0.1:1"
    pipelines = [
        Pipeline(
            kafka, pipeline_manifest(namespace=namespace, kafka={"bootstrapServers": kafka}), namespace, "digits", []
        )
        for namespace in (cluster.namespace, "others")
    ]
    started = Service(tmp_path, pipelines, options)
    try:
        yield started.start(ready=False)
    finally:
        started.kill()


def test_the_service_asks_the_api_server(cluster: Accounts, service: Service) -> None:
    cluster.account("camera", Right.SUBMIT)
    cluster.account("viewer", Right.READ)
    camera, viewer = cluster.token("camera"), cluster.token("viewer")

    def ask(method: str, path: str, token: str, **more: Any) -> tuple[int, Any]:
        with service.client as client:
            answer = client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)
        return answer.status_code, answer.json()

    mine, theirs = (f"/v1/pipelines/{namespace}/digits" for namespace in (cluster.namespace, "others"))
    status, refusal = ask("POST", f"{mine}/images", viewer, content=JPEG)
    assert (status, refusal["type"].rpartition("/")[2]) == (403, "forbidden")
    assert ask("POST", f"{mine}/images", camera, content=b"no image")[0] == 400, "it may send, but not this"
    assert ask("GET", mine, viewer)[0] == 200
    assert ask("GET", mine, camera)[0] == 403
    assert [found["namespace"] for found in ask("GET", "/v1/pipelines", viewer)[1]["pipelines"]] == [cluster.namespace]
    assert ask("GET", "/v1/pipelines", camera)[1]["pipelines"] == []

    # A pipeline that the caller may not read, and one that does not exist.
    existing, unknown = ask("GET", theirs, viewer), ask("GET", theirs.replace("others", "nobody"), viewer)
    assert existing[0] == unknown[0] == 403
    assert {**existing[1], "detail": "", "instance": ""} == {**unknown[1], "detail": "", "instance": ""}
    assert existing[1]["detail"].replace("others", "nobody") == unknown[1]["detail"]

    with service.client as client:
        answer = client.get(mine)
    assert answer.status_code == 401
    assert "--audience darkroom" in answer.json()["detail"]
