"""LocalKafka: starts, stops, crashes, data folders and clusters."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka import LocalCluster, LocalKafka, acl_properties, scram_listener
from darkroom_cli.processes.ports import accepts_connections
from tests.support.kafka import SharedKafka
from tests.support.until import until

MIB = 2**20
ROOT = Path(__file__).parents[2]

FreshKafka = Callable[..., LocalKafka]


def make_topic(bootstrap_servers: str, name: str, replicas: int = 1, config: dict[str, str] | None = None) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    new_topic = NewTopic(name, num_partitions=1, replication_factor=replicas, config=config or {})
    admin.create_topics([new_topic])[name].result(30)


def produce(bootstrap_servers: str, topic: str, value: bytes, **settings: str | int) -> None:
    """Produce a record and wait for the acknowledgement. Raises the broker's error."""
    outcome: list[KafkaError | None] = []
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "acks": "all",
            "message.max.bytes": 64 * MIB,
            "delivery.timeout.ms": 60_000,
            "log_level": 0,
            **{name.replace("_", "."): setting for name, setting in settings.items()},
        }
    )
    producer.produce(topic, value, on_delivery=lambda error, _message: outcome.append(error))
    producer.flush(60)
    (error,) = outcome
    if error is not None:
        raise KafkaException(error)


def read_one(bootstrap_servers: str, topic: str, group_protocol: str = "consumer") -> bytes | None:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"{topic}-{group_protocol}",
            "group.protocol": group_protocol,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    try:
        message = consumer.poll(30)
    finally:
        consumer.close()
    assert message is not None
    assert message.error() is None
    return message.value()


def test_a_topic_with_a_higher_limit_takes_a_record_of_10_mib_under_the_brokers_default(kafka: SharedKafka) -> None:
    make_topic(kafka.bootstrap_servers, "local-large", config={"max.message.bytes": str(12 * MIB)})
    value = os.urandom(10 * MIB)
    produce(kafka.bootstrap_servers, "local-large", value)
    assert read_one(kafka.bootstrap_servers, "local-large") == value


def test_a_topic_without_it_refuses_that_record(kafka: SharedKafka) -> None:
    make_topic(kafka.bootstrap_servers, "local-small")
    with pytest.raises(KafkaException) as refusal:
        produce(kafka.bootstrap_servers, "local-small", bytes(10 * MIB))
    assert refusal.value.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE


@pytest.mark.parametrize("group_protocol", ["classic", "consumer"])
def test_both_group_protocols_are_served(kafka: SharedKafka, group_protocol: str) -> None:
    make_topic(kafka.bootstrap_servers, f"local-{group_protocol}")
    produce(kafka.bootstrap_servers, f"local-{group_protocol}", b"x")
    assert read_one(kafka.bootstrap_servers, f"local-{group_protocol}", group_protocol) == b"x"


def test_producing_to_a_missing_topic_does_not_create_it(kafka: SharedKafka) -> None:
    with pytest.raises(KafkaException) as refusal:
        produce(kafka.bootstrap_servers, "local-unasked", b"x", topic_metadata_propagation_max_ms=1_000)
    assert refusal.value.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_data_and_port_are_kept_when_it_is_stopped_and_when_it_is_killed(fresh_kafka: FreshKafka) -> None:
    kafka = fresh_kafka()
    address = kafka.bootstrap_servers
    make_topic(address, "kept")
    produce(address, "kept", b"still here")
    kafka.stop()
    assert not kafka.running
    kafka.start()
    assert kafka.bootstrap_servers == address
    kafka.kill()
    assert not kafka.running
    kafka.start()
    assert kafka.bootstrap_servers == address
    assert read_one(address, "kept") == b"still here"


def test_a_temporary_data_folder_survives_a_kill_and_is_removed_by_stop() -> None:
    with LocalKafka() as kafka:
        folder = kafka.data_dir
        assert folder is not None
        kafka.kill()
        assert folder.is_dir()
    assert not folder.exists()


def test_a_running_brokers_data_folder_and_port_are_refused_to_another(fresh_kafka: FreshKafka, tmp_path: Path) -> None:
    first = fresh_kafka()
    with pytest.raises(DarkroomError, match="is in use by another running Kafka"):
        LocalKafka(first.data_dir).start()
    port = int(first.bootstrap_servers.rpartition(":")[2])
    with pytest.raises(DarkroomError, match=rf"port {port} on 127\.0\.0\.1: Address already in use"):
        LocalKafka(tmp_path / "second", port).start()
    assert not (tmp_path / "second").exists()
    assert first.running


def test_a_setting_that_kafka_refuses_is_reported_in_one_line(fresh_kafka: FreshKafka, tmp_path: Path) -> None:
    broken = LocalKafka(tmp_path / "data", properties={"log.retention.ms": "soon"})
    with pytest.raises(DarkroomError, match="Invalid value soon for configuration") as failure:
        broken.start()
    assert not broken.running
    assert "\n" not in str(failure.value)
    assert f"its log: {tmp_path}/data/kafka.log" in str(failure.value)
    fresh_kafka(data_dir=tmp_path / "data").stop()


def test_the_jvm_adds_options_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-version")
    with pytest.raises(DarkroomError, match=r"-version is not allowed in environment variable JDK_JAVA_OPTIONS"):
        LocalKafka(tmp_path / "data").start()


def test_a_broker_that_does_not_respond_in_time_is_ended(tmp_path: Path) -> None:
    kafka = LocalKafka(tmp_path / "data")
    with pytest.raises(DarkroomError, match="does not respond after 0 s"):
        kafka.start(timeout_s=0.01)
    assert not kafka.running
    assert kafka.pid is None


OWNER = """
import signal, sys, threading
from pathlib import Path
from darkroom_cli.local_kafka import LocalKafka

kafka = LocalKafka(Path(sys.argv[1]))
starter = threading.Thread(target=kafka.start)
starter.start()
starter.join()
print(kafka.pid, kafka.bootstrap_servers, flush=True)
signal.pause()
"""


def test_it_outlives_its_starting_thread_but_not_a_killed_process(fresh_kafka: FreshKafka, tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        pid, address = owner.stdout.readline().split()
        make_topic(address, "outlives")
        broker = psutil.Process(int(pid))
        assert os.getsid(broker.pid) != os.getsid(owner.pid), "the terminal's Ctrl-C would reach it"
    finally:
        owner.kill()
        owner.communicate()
    broker.wait(30)
    restarted = fresh_kafka(data_dir=tmp_path / "data")
    assert "outlives" in AdminClient({"bootstrap.servers": restarted.bootstrap_servers}).list_topics(timeout=30).topics


def test_a_scram_listener_requires_a_password_and_enforces_acls(fresh_kafka: FreshKafka) -> None:
    kafka = fresh_kafka(listeners=(scram_listener(),), properties=acl_properties())
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    credentials = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, iterations=4096)
    alice = UserScramCredentialUpsertion("alice", credentials, b"right")
    admin.alter_user_scram_credentials([alice])["alice"].result(30)
    make_topic(kafka.bootstrap_servers, "guarded")

    def produce_as_alice(password: str) -> None:
        produce(
            kafka.address("SCRAM"),
            "guarded",
            b"x",
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_username="alice",
            sasl_password=password,
            delivery_timeout_ms=5_000,
        )

    with pytest.raises(KafkaException) as refusal:
        produce_as_alice("right")
    assert refusal.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    binding = (ResourceType.TOPIC, "guarded", ResourcePatternType.LITERAL, "User:alice", "*")
    acls = [AclBinding(*binding, AclOperation.WRITE, AclPermissionType.ALLOW)]
    for done in admin.create_acls(acls).values():
        done.result(30)
    until(lambda: not _refused(lambda: produce_as_alice("right")), "alice may write")
    with pytest.raises(KafkaException):
        produce_as_alice("wrong")


def _refused(action: Callable[[], None]) -> bool:
    try:
        action()
    except KafkaException:
        return True
    return False


def test_the_first_broker_writes_a_cache_of_its_classes_and_the_next_one_uses_it(
    fresh_kafka: FreshKafka, tmp_path: Path
) -> None:
    fresh_kafka(classes=tmp_path).stop()
    (cache,) = tmp_path.glob("classes-*.aot")
    second = fresh_kafka(classes=tmp_path)
    assert str(cache) in {file.path for file in psutil.Process(second.pid).memory_maps()}
    make_topic(second.bootstrap_servers, "made")


def test_a_cluster_of_three_works_without_one_broker_which_rejoins() -> None:
    quick = {"broker.session.timeout.ms": "4000", "broker.heartbeat.interval.ms": "1000"}
    with LocalCluster(properties=quick) as cluster:
        make_topic(cluster.bootstrap_servers, "replicated", replicas=3)
        admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers, "log_level": 0})

        def leader_of_all() -> int:
            """The leader, once all brokers are in sync; 0 before, also if the broker asked does not know the topic."""
            found = admin.list_topics("replicated", timeout=30).topics["replicated"].partitions.get(0)
            return found.leader if found is not None and set(found.isrs) == {1, 2, 3} else 0

        leader = until(leader_of_all, "replicated to all")
        cluster.brokers[leader].kill()
        produce(cluster.bootstrap_servers, "replicated", b"while one is away")
        cluster.brokers[leader].start()
        until(leader_of_all, "replicated to all again", timeout_s=60)
        assert read_one(cluster.bootstrap_servers, "replicated") == b"while one is away"
    assert not any(broker.running for broker in cluster.brokers.values())


RUN_TO_INTERRUPT = """
import pathlib, threading

def test_uses_the_broker(kafka):
    pathlib.Path({told!r}).write_text(kafka.bootstrap_servers)
    threading.Event().wait(120)
"""


def test_ctrl_c_ends_the_broker_of_a_test_run_with_its_workers(tmp_path: Path) -> None:
    told = tmp_path / "address"
    (tmp_path / "test_it.py").write_text(RUN_TO_INTERRUPT.format(told=str(told)))
    plugins = ["-p", "tests.support.on_demand", "-p", "tests.support.kafka"]
    folders = ["--rootdir", str(tmp_path), "--basetemp", str(tmp_path / "tests")]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-n2", *plugins, *folders, str(tmp_path / "test_it.py")],
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: told.exists() and told.read_text(), "using the broker", timeout_s=90)
        port = int(told.read_text().rpartition(":")[2])
        assert accepts_connections(port)
        os.killpg(run.pid, signal.SIGINT)
        run.wait(30)
    finally:
        run.kill()
    until(lambda: not accepts_connections(port), "ended")
