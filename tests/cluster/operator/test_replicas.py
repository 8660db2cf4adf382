"""Two replicas, one of which is the leader; and a stalled replica."""

from tests.support.kafka import SharedKafka
from tests.support.kube.fault_proxy import Fault, FaultProxy
from tests.support.services.operator import OperatorProcess, Site
from tests.support.until import until


def test_a_stalled_operator_fails_its_probe(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.put_model()
    with FaultProxy(here.api_server.admin) as proxy:
        operator = here.start_operator("--stall-seconds", "1", access=proxy.access(here.access()))
        until(lambda: operator.get("/healthz", operator.health_port)[0] == 200, "the probe answers")
        proxy.inject(Fault(None, times=1, method="PATCH", delay_s=15))
        here.apply(here.manifest())
        # kopf caches the result of a probe for ten seconds.
        until(lambda: operator.get("/healthz", operator.health_port)[0] == 500, "the probe fails", 20.0)
        until(lambda: operator.get("/healthz", operator.health_port)[0] == 200, "the probe recovers", 60.0)
        operator.stop()


def test_of_two_replicas_one_writes_and_the_other_takes_over(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    election = ("--leader-election", "true", "--lease-seconds", "6")
    first = here.start_operator(*election, "--identity", "first")
    until(lambda: first.metric("darkroom_operator_leads") == 1, "the first leads")
    second = here.start_operator(*election, "--identity", "second")
    here.apply(here.manifest())
    here.wait_ready()
    assert second.metric("darkroom_operator_leads") == 0
    assert _reconciles(second) == 0
    assert second.get("/readyz")[0] == 200, "a replica that waits is ready to take over"

    first.stop()
    until(lambda: second.metric("darkroom_operator_leads") == 1, "the second leads at once, the lease was given back")
    here.change(replicas=2)
    until(lambda: here.wait_ready()["status"]["replicas"] == 2, "the second does the work")

    third = here.start_operator(*election, "--identity", "third")
    second.kill()
    until(lambda: third.metric("darkroom_operator_leads") == 1, "the third leads when the lease has run out", 40.0)
    here.change(replicas=1)
    until(lambda: here.wait_ready()["status"]["replicas"] == 1, "the third does the work")


def test_a_leader_that_can_not_renew_stops_writing(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.put_model()
    with FaultProxy(here.api_server.admin) as proxy:
        election = ("--leader-election", "true", "--lease-seconds", "6", "--identity", "cut off")
        operator = here.start_operator(*election, access=proxy.access(here.access()))
        until(lambda: operator.metric("darkroom_operator_leads") == 1, "it leads")
        proxy.inject(Fault(500, times=10_000, path="/leases/"))
        until(lambda: operator.metric("darkroom_operator_leads") == 0, "it does not lead any more", 40.0)
        log = here.api_server.audit.from_now()
        here.apply(here.manifest())
        until(
            lambda: (
                operator.metric("darkroom_operator_queue_length") == 1
                or operator.metric('darkroom_operator_reconciles_total{outcome="not leading"}') > 0
            ),
            "it has heard of the pipeline",
        )
        assert [w for w in log.writes(here.user) if w.resource != "leases"] == []
        proxy.heal()
        until(lambda: here.condition("TopicsReady").get("status") == "True", "it leads again and works", 120.0)
        operator.stop()


def _reconciles(operator: OperatorProcess) -> float:
    lines = operator.get("/metrics")[1].splitlines()
    return sum(
        float(line.rpartition(" ")[2]) for line in lines if line.startswith("darkroom_operator_reconciles_total")
    )
