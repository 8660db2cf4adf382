"""The stand-in User Operator: KafkaUser resources become users of a real broker. Its contract is in README.md."""

import base64
import logging
import re
import threading

from confluent_kafka import KafkaException

from tests.support.kube.api import Api, ApiError, Manifest
from tests.support.strimzi.controller import Controller, Scope
from tests.support.strimzi.kafka_errors import broker_is_away, in_java, kafka_error
from tests.support.strimzi.no_kafka import NoKafkaUsers
from tests.support.strimzi.status import says_already
from tests.support.strimzi.users import user_resource as resource
from tests.support.strimzi.users.certificate_authority import CertificateAuthority, new_password
from tests.support.strimzi.users.kafka_users import KafkaUsers, NoAuthorizer
from tests.support.strimzi.users.user_resource import InvalidResource

THREADS = 4
FIELD_MANAGER = "strimzi-user-operator"

_FAILED = "java.util.concurrent.CompletionException: "
_INVALID = f"{_FAILED}io.strimzi.operator.common.model.InvalidResourceException: "
_ACLS_REFUSED = (
    "io.strimzi.operator.common.ReconciliationException: "
    "io.strimzi.operator.common.model.InvalidResourceException: "
    "Simple authorization ACL rules are configured but not supported in the Kafka cluster configuration."
)
# X.509 allows no longer common name.
_LONGEST_TLS_NAME = 64


_log = logging.getLogger(__name__)


class UserOperator:
    """One cluster's KafkaUsers. `controller.delay_s` and `failing` may be changed at any time.

    Attributes:
        failing: A regular expression; users whose name it matches get NotReady.
    """

    def __init__(
        self, api: Api, scope: Scope, kafka: KafkaUsers | NoKafkaUsers, *, full_reconciliation_s: float
    ) -> None:
        self.failing = ""
        self._api = api
        self._scope = scope
        self._secrets = f"/api/v1/namespaces/{scope.namespace}/secrets"
        self._path = scope.path("kafkausers")
        self._kafka_path = f"{scope.path('kafkas')}/{scope.cluster}"
        self._kafka = kafka
        self._passwords: dict[str, str] = {}
        self._authority: CertificateAuthority | None = None
        self._authority_lock = threading.Lock()
        self.controller = Controller(
            api,
            scope,
            "kafkausers",
            self._reconcile,
            self._forget,
            batch=1,
            threads=THREADS,
            full_reconciliation_s=full_reconciliation_s,
        )

    def _reconcile(self, users: list[Manifest]) -> list[str]:
        return [user["metadata"]["name"] for user in users if not self._answer(user)]

    def _answer(self, user: Manifest) -> bool:
        """Make the user as the resource says, and write its status. Returns False if it must be tried again soon."""
        try:
            if resource.has_acls(user) and not self._supports_acls():
                self._say(user, resource.problem_status(user, _ACLS_REFUSED))
                return True
            self._make(user)
        except NoAuthorizer:
            _log.warning("AclCache is not ready!")
            return False
        except InvalidResource as problem:
            self._say(user, resource.problem_status(user, f"{_INVALID}{problem}"))
        except KafkaException as error:
            self._say(user, resource.problem_status(user, f"{_FAILED}{in_java(kafka_error(error))}"))
            return not broker_is_away(kafka_error(error))
        else:
            self._say(user, resource.ready_status(user))
        return True

    def _make(self, user: Manifest) -> None:
        if self.failing and re.search(self.failing, user["metadata"]["name"]):
            raise InvalidResource("told to fail")
        self._kafka.set_acls(resource.username(user), resource.acls(user))
        match resource.authentication(user):
            case "scram-sha-512":
                self._make_password(user)
            case "tls":
                self._make_certificate(user)

    def _supports_acls(self) -> bool:
        """Whether the Cluster Operator would start the User Operator with ACL support for the Kafka resource."""
        kafka = self._api.find(self._kafka_path) or {}
        authorization = kafka.get("spec", {}).get("kafka", {}).get("authorization", {})
        return authorization.get("type") == "simple" or bool(authorization.get("supportsAdminApi"))

    def _make_password(self, user: Manifest) -> None:
        name = user["metadata"]["name"]
        there = self._api.find(f"{self._secrets}/{name}")
        password = self._own_password(user) or _decoded(there, "password") or new_password()
        self._keep_secret(there, resource.scram_secret(user, password))
        if self._passwords.get(name) != password:
            self._kafka.set_password(name, password)
            self._passwords[name] = password

    def _own_password(self, user: Manifest) -> str | None:
        reference = resource.password_reference(user)
        if reference is None:
            return None
        name, key = reference
        secret = self._api.find(f"{self._secrets}/{name}")
        if secret is None:
            raise InvalidResource(f"Secret {name} in namespace {self._scope.namespace} not found")
        password = _decoded(secret, key)
        if not password:
            where = f"Secret {name} in namespace {self._scope.namespace}"
            raise InvalidResource(f"{where} does not contain the field {key} or it is empty")
        return password

    def _make_certificate(self, user: Manifest) -> None:
        name = user["metadata"]["name"]
        if len(name) > _LONGEST_TLS_NAME:
            raise InvalidResource(
                "Users with TLS client authentication can have a username (name of the KafkaUser custom resource) "
                f"only up to {_LONGEST_TLS_NAME} characters long."
            )
        authority = self._clients_authority()
        there = self._api.find(f"{self._secrets}/{name}")
        if there is None or _decoded(there, "ca.crt") != authority.certificate.decode():
            certificate, password = authority.issue(name), new_password()
            files = {
                "ca.crt": authority.certificate,
                "user.crt": certificate.certificate,
                "user.key": certificate.key,
                "user.p12": certificate.pkcs12(name, password),
                "user.password": password.encode(),
            }
            self._keep_secret(there, resource.tls_secret(user, files))

    def _clients_authority(self) -> CertificateAuthority:
        """The authority that signs users: Strimzi's Secrets `<cluster>-clients-ca` and `-clients-ca-cert`."""
        with self._authority_lock:
            if self._authority is None:
                self._authority = clients_authority(self._api, self._scope)
            return self._authority

    def _keep_secret(self, there: Manifest | None, wanted: Manifest) -> None:
        if there is None:
            self._api.create(self._secrets, wanted)
        elif there.get("data") != wanted["data"] or not wanted["metadata"].items() <= there["metadata"].items():
            metadata = {**wanted["metadata"], "resourceVersion": there["metadata"]["resourceVersion"]}
            self._api.replace(f"{self._secrets}/{metadata['name']}", {**wanted, "metadata": metadata})

    def _forget(self, users: list[Manifest]) -> None:
        """Remove the ACLs and passwords of deleted users; the garbage collector deletes their Secrets."""
        for user in users:
            name = user["metadata"]["name"]
            self._passwords.pop(name, None)
            self._kafka.set_acls(resource.username(user), set())
            if resource.authentication(user) == "scram-sha-512":
                self._kafka.remove_password(name)

    def _say(self, user: Manifest, status: Manifest) -> None:
        if says_already(user, status):
            return
        patch = {"metadata": {"uid": user["metadata"]["uid"]}, "status": status}
        try:
            self._api.merge(f"{self._path}/{user['metadata']['name']}/status", patch, fieldManager=FIELD_MANAGER)
        except ApiError as error:
            # It was deleted meanwhile, which the watch reports.
            if error.code not in {404, 409}:
                raise


def clients_authority(api: Api, scope: Scope) -> CertificateAuthority:
    """The cluster's authority for users, made at the first call: a broker of a test that takes TLS users trusts it."""
    secrets = f"/api/v1/namespaces/{scope.namespace}/secrets"
    labels = {"strimzi.io/cluster": scope.cluster, "strimzi.io/kind": "Kafka"}
    certificate_name, key_name = f"{scope.cluster}-clients-ca-cert", f"{scope.cluster}-clients-ca"
    certificate, key = (
        _decoded(api.find(f"{secrets}/{name}"), file)
        for name, file in ((certificate_name, "ca.crt"), (key_name, "ca.key"))
    )
    if certificate and key:
        return CertificateAuthority(certificate.encode(), key.encode())
    authority = CertificateAuthority.create("clients-ca")
    for name, file, content in (
        (key_name, "ca.key", authority.key),
        (certificate_name, "ca.crt", authority.certificate),
    ):
        data = {file: base64.b64encode(content).decode()}
        api.create(secrets, {"metadata": {"name": name, "labels": labels}, "data": data})
    return authority


def _decoded(secret: Manifest | None, key: str) -> str | None:
    value = ((secret or {}).get("data") or {}).get(key)
    return base64.b64decode(value).decode() if value else None
