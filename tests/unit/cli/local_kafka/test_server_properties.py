"""The content of server.properties."""

from darkroom_cli.local_kafka import Listener, Member
from darkroom_cli.local_kafka.server_properties import render, server_properties

ALONE = Member(node_id=1, cluster_id="c", controller_ports={1: 9093}, broker_port=9094)
ONE_OF_THREE = Member(node_id=2, cluster_id="c", controller_ports={1: 1, 2: 2, 3: 3}, broker_port=22)


def test_a_single_broker_keeps_one_replica_and_creates_no_topics_automatically() -> None:
    properties = server_properties(ALONE, (Listener("PLAINTEXT", 9092),), "log", {}, cores=2)
    expected = {
        "process.roles": "broker,controller",
        "listeners": "PLAINTEXT://127.0.0.1:9092,BROKERS://127.0.0.1:9094,CONTROLLER://127.0.0.1:9093",
        "controller.quorum.voters": "1@127.0.0.1:9093",
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "min.insync.replicas": "1",
    }
    assert expected.items() <= properties.items()


def test_one_of_three_keeps_three_copies_with_two_in_sync() -> None:
    properties = server_properties(ONE_OF_THREE, (Listener("PLAINTEXT", 9092),), "log", {}, cores=2)
    expected = {
        "node.id": "2",
        "controller.quorum.voters": "1@127.0.0.1:1,2@127.0.0.1:2,3@127.0.0.1:3",
        "default.replication.factor": "3",
        "min.insync.replicas": "2",
        "transaction.state.log.replication.factor": "3",
        "share.coordinator.state.topic.min.isr": "2",
    }
    assert expected.items() <= properties.items()


def test_clients_get_the_advertised_address_and_brokers_do_not() -> None:
    listeners = (Listener("PLAINTEXT", 9092, advertised="127.0.0.1:7000"),)
    properties = server_properties(ALONE, listeners, "log", {}, cores=2)
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:7000,BROKERS://127.0.0.1:9094"
    assert properties["inter.broker.listener.name"] == "BROKERS"


def test_extra_properties_have_the_last_word() -> None:
    properties = server_properties(ALONE, (Listener("PLAINTEXT", 9092),), "log", {"num.io.threads": "1"}, cores=2)
    assert properties["num.io.threads"] == "1"


def test_a_listeners_own_properties_get_its_prefix() -> None:
    listeners = (Listener("PLAINTEXT", 1), Listener("TLS", 2, "SSL", properties={"ssl.client.auth": "required"}))
    properties = server_properties(ALONE, listeners, "log", {}, cores=2)
    assert properties["listener.name.tls.ssl.client.auth"] == "required"
    assert "TLS:SSL" in properties["listener.security.protocol.map"].split(",")


def test_special_characters_are_escaped_for_java() -> None:
    # By java.util.Properties: the file is Latin-1, a backslash escapes, white space before a value is dropped.
    assert render({"a b": " C:\\x\ny", "c": "größe😀"}) == "a\\ b=\\ C:\\\\x\\ny\nc=gr\\u00f6\\u00dfe\\ud83d\\ude00\n"


def test_two_cores_have_one_network_thread() -> None:
    threads = [server_properties(ALONE, (), "log", {}, cores=cores)["num.network.threads"] for cores in (1, 2, 4)]
    assert threads == ["1", "1", "2"]
