"""The stand-in User Operator behaves like Strimzi's, as observed: the rows of tests/support/strimzi/README.md."""

import base64
from collections.abc import Iterator
from enum import Enum

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from darkroom_cli.local_kafka import LocalKafka, acl_properties, scram_listener
from tests.support.kube.api import Api, Manifest
from tests.support.kube.api_server import ApiServer
from tests.support.strimzi.kafka_resource import KafkaListener, install_kafka
from tests.support.strimzi.stand_in import StrimziStandIn
from tests.support.strimzi.users.kafka_users import KafkaUsers
from tests.support.until import until

CLUSTER = "my-cluster"
LISTENERS = [KafkaListener("scram", "broker:9094", authentication="scram-sha-512")]
SCRAM: Manifest = {"type": "scram-sha-512"}
ACLS: list[Manifest] = [
    {"resource": {"type": "topic", "name": "images"}, "operations": ["Read", "Describe"]},
    {"resource": {"type": "topic", "name": "results.", "patternType": "prefix"}, "operations": ["Write"]},
    {"resource": {"type": "group", "name": "stage", "patternType": "literal"}, "operations": ["Read"]},
    {"resource": {"type": "transactionalId", "name": "stage.", "patternType": "prefix"}, "operations": ["Write"]},
    {"resource": {"type": "cluster"}, "operations": ["IdempotentWrite"]},
]


@pytest.fixture(scope="module")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker with authentication and authorization. Its plain listener is for the administrator."""
    data = tmp_path_factory.mktemp("secured")
    with LocalKafka(data, properties=acl_properties(), listeners=(scram_listener(),)) as kafka:
        yield kafka


class Users:
    """The KafkaUsers of one test, and the stand-in."""

    def __init__(self, api: Api, namespace: str, strimzi: StrimziStandIn, kafka: LocalKafka) -> None:
        self.api, self.namespace, self.strimzi, self.kafka = api, namespace, strimzi, kafka
        self.admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        self.path = f"/apis/kafka.strimzi.io/v1/namespaces/{namespace}/kafkausers"

    def create(self, authentication: Manifest, acls: list[Manifest] | None) -> str:
        """Create a user with a unique name; without `authorization` if `acls` is None."""
        name = f"{self.namespace}.user"
        spec = {"authentication": authentication}
        if acls is not None:
            spec["authorization"] = {"type": "simple", "acls": acls}
        metadata = {"name": name, "labels": {"strimzi.io/cluster": CLUSTER}}
        self.api.create(
            self.path, {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaUser", "metadata": metadata, "spec": spec}
        )
        return name

    def answered(self, name: str, condition: str = "Ready") -> Manifest:
        def answer() -> Manifest | None:
            user = self.api.get(f"{self.path}/{name}")
            status = user.get("status", {})
            right = [found["type"] for found in status.get("conditions", [])] == [condition]
            return user if right and status["observedGeneration"] == user["metadata"]["generation"] else None

        return until(answer, f"{name} {condition}")

    def secret(self, name: str) -> dict[str, bytes]:
        data = self.api.get(f"/api/v1/namespaces/{self.namespace}/secrets/{name}")["data"]
        return {key: base64.b64decode(value) for key, value in data.items()}

    def rights(self, username: str) -> set[tuple[str, str, str, str]]:
        """Type, name, pattern and operation of all the user's ACLs."""
        found = KafkaUsers(self.admin, 10).acls(username)
        kinds = [(acl.restype, acl.name, acl.resource_pattern_type, acl.operation) for acl in found]
        return {(_name(kind), name, _name(pattern), _name(operation)) for kind, name, pattern, operation in kinds}

    def can_log_in(self, name: str, password: str) -> bool:
        """Whether the broker accepts the password. Queries a topic that the user may write to."""
        producer = Producer(
            {
                "bootstrap.servers": self.kafka.address("SCRAM"),
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": name,
                "sasl.password": password,
                "log_level": 0,
            }
        )
        try:
            producer.list_topics(timeout=3)
        except KafkaException:
            return False
        return True


@pytest.fixture
def users(api_server: ApiServer, namespace: str, secured_kafka: LocalKafka) -> Iterator[Users]:
    """Users with a stand-in whose full reconciliations run only when the test triggers them."""
    api = api_server.admin.api()
    servers = secured_kafka.bootstrap_servers
    install_kafka(api, namespace, CLUSTER, LISTENERS, authorization="simple")
    with StrimziStandIn(api, namespace, CLUSTER, servers, full_reconciliation_s=3600) as strimzi:
        yield Users(api, namespace, strimzi, secured_kafka)


def test_a_user_with_a_password_can_log_in_and_has_its_rights(users: Users) -> None:
    name = users.create(SCRAM, ACLS)
    ready = users.answered(name)

    assert (ready["status"]["username"], ready["status"]["secret"]) == (name, name)
    assert "finalizers" not in ready["metadata"]
    secret = users.secret(name)
    password = secret["password"].decode()
    assert len(password) == 32
    login = "org.apache.kafka.common.security.scram.ScramLoginModule"
    jaas = f'{login} required username="{name}" password="{password}";'
    assert secret == {"password": password.encode(), "sasl.jaas.config": jaas.encode()}
    until(lambda: users.can_log_in(name, password), "a login")
    assert not users.can_log_in(name, "wrong")
    assert users.rights(name) == {
        ("TOPIC", "images", "LITERAL", "READ"),
        ("TOPIC", "images", "LITERAL", "DESCRIBE"),
        ("TOPIC", "results.", "PREFIXED", "WRITE"),
        ("GROUP", "stage", "LITERAL", "READ"),
        ("TRANSACTIONAL_ID", "stage.", "PREFIXED", "WRITE"),
        ("BROKER", "kafka-cluster", "LITERAL", "IDEMPOTENT_WRITE"),
    }


def test_the_secret_belongs_to_the_user(users: Users) -> None:
    name = users.create(SCRAM, [])
    uid = users.answered(name)["metadata"]["uid"]
    secret = users.api.get(f"/api/v1/namespaces/{users.namespace}/secrets/{name}")
    (owner,) = secret["metadata"]["ownerReferences"]
    assert owner == {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "name": name,
        "uid": uid,
        "blockOwnerDeletion": True,
        "controller": False,
    }
    labels = secret["metadata"]["labels"]
    assert (labels["strimzi.io/cluster"], labels["strimzi.io/kind"]) == (CLUSTER, "KafkaUser")
    assert {"app.kubernetes.io/managed-by", "app.kubernetes.io/instance"} <= labels.keys()
    assert secret["type"] == "Opaque"


def test_a_given_password_is_used_once_its_secret_exists(users: Users) -> None:
    reference = {"secretKeyRef": {"name": "nope", "key": "password"}}
    name = users.create({**SCRAM, "password": {"valueFrom": reference}}, [])
    (condition,) = users.answered(name, "NotReady")["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("True", "ExecutionException")
    assert condition["message"].startswith("java.util.concurrent.CompletionException: ")
    not_found = f"InvalidResourceException: Secret nope in namespace {users.namespace} not found"
    assert condition["message"].endswith(not_found)
    secrets = f"/api/v1/namespaces/{users.namespace}/secrets"
    assert users.api.find(f"{secrets}/{name}") is None

    users.api.create(secrets, {"metadata": {"name": "nope"}, "stringData": {"password": "of my own"}})
    users.strimzi.reconcile_all()
    users.answered(name)
    assert users.secret(name)["password"] == b"of my own"
    until(lambda: users.can_log_in(name, "of my own"), "a login")


def test_a_user_with_a_certificate(users: Users) -> None:
    name = users.create({"type": "tls"}, ACLS[:1])
    assert users.answered(name)["status"]["username"] == f"CN={name}"
    secret = users.secret(name)
    assert secret.keys() == {"ca.crt", "user.crt", "user.key", "user.p12", "user.password"}
    certificate, authority = (x509.load_pem_x509_certificate(secret[file]) for file in ("user.crt", "ca.crt"))
    certificate.verify_directly_issued_by(authority)
    assert certificate.subject.rfc4514_string() == f"CN={name}"
    _, in_p12, _ = pkcs12.load_key_and_certificates(secret["user.p12"], secret["user.password"])
    assert in_p12 == certificate
    assert users.rights(f"CN={name}") == {("TOPIC", "images", "LITERAL", op) for op in ("READ", "DESCRIBE")}


def test_rights_follow_the_resource(users: Users) -> None:
    name = users.create(SCRAM, ACLS)
    users.answered(name)
    password = users.secret(name)["password"]
    users.api.merge(f"{users.path}/{name}", {"spec": {"authorization": {"acls": ACLS[2:3]}}})
    users.answered(name)
    until(lambda: users.rights(name) == {("GROUP", "stage", "LITERAL", "READ")}, "one right left")
    assert users.secret(name)["password"] == password


def test_a_deleted_user_loses_everything(users: Users) -> None:
    name = users.create(SCRAM, ACLS)
    users.answered(name)
    password = users.secret(name)["password"].decode()
    until(lambda: users.can_log_in(name, password), "a login")
    users.api.delete(f"{users.path}/{name}")
    until(lambda: not users.rights(name), "no rights")
    until(lambda: not users.can_log_in(name, password), "no login")
    secret = f"/api/v1/namespaces/{users.namespace}/secrets/{name}"
    until(lambda: users.api.find(secret) is None, "the Secret gone")


@pytest.fixture(scope="module")
def open_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker with authentication and without an authorizer."""
    with LocalKafka(tmp_path_factory.mktemp("open"), listeners=(scram_listener(),)) as kafka:
        yield kafka


@pytest.fixture
def open_users(api_server: ApiServer, namespace: str, open_kafka: LocalKafka) -> Iterator[Users]:
    """KafkaUsers of a broker without an authorizer; the test installs the Kafka resource."""
    api = api_server.admin.api()
    servers = open_kafka.bootstrap_servers
    with StrimziStandIn(api, namespace, CLUSTER, servers, full_reconciliation_s=3600) as strimzi:
        yield Users(api, namespace, strimzi, open_kafka)


@pytest.mark.parametrize("authorization", ["", "custom"])
@pytest.mark.parametrize("acls", [ACLS, []], ids=["acls", "no acls"])
def test_acls_are_refused_where_the_kafka_resource_does_not_support_them(
    authorization: str, acls: list[Manifest], open_users: Users
) -> None:
    install_kafka(open_users.api, open_users.namespace, CLUSTER, LISTENERS, authorization=authorization)
    name = open_users.create(SCRAM, acls)
    status = open_users.answered(name, "NotReady")["status"]
    (condition,) = status["conditions"]
    assert (condition["status"], condition["reason"]) == ("True", "ExecutionException")
    assert condition["message"] == (
        "io.strimzi.operator.common.ReconciliationException: "
        "io.strimzi.operator.common.model.InvalidResourceException: "
        "Simple authorization ACL rules are configured but not supported in the Kafka cluster configuration."
    )
    assert "username" not in status
    assert open_users.api.find(f"/api/v1/namespaces/{open_users.namespace}/secrets/{name}") is None


def test_a_user_without_acls_can_log_in_without_an_authorizer(open_users: Users) -> None:
    install_kafka(open_users.api, open_users.namespace, CLUSTER, LISTENERS)
    name = open_users.create(SCRAM, None)
    assert open_users.answered(name)["status"]["username"] == name
    password = open_users.secret(name)["password"].decode()
    until(lambda: open_users.can_log_in(name, password), "a login")


def test_a_broker_without_the_authorizer_that_its_resource_names_leaves_users_without_a_status(
    open_users: Users, caplog: pytest.LogCaptureFixture
) -> None:
    install_kafka(open_users.api, open_users.namespace, CLUSTER, LISTENERS, authorization="simple")
    name = open_users.create(SCRAM, ACLS)
    until(lambda: "AclCache is not ready!" in caplog.text, "the operator has tried")
    assert "status" not in open_users.api.get(f"{open_users.path}/{name}")


def _name(member: Enum | str | int) -> str:
    """The name of an enumeration's member. The client's type hints allow other types too."""
    assert isinstance(member, Enum)
    return member.name
