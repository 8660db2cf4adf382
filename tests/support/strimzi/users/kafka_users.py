"""The users of a Kafka cluster: SCRAM credentials and ACLs through the Admin API."""

from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from tests.support.strimzi.kafka_errors import kafka_error

# What Strimzi and Kafka's own tools take.
ITERATIONS = 4096


class NoAuthorizer(Exception):
    """The broker has no authorizer, so it has no ACLs."""


class KafkaUsers:
    """Every method raises KafkaException when the broker refuses or is away."""

    def __init__(self, admin: AdminClient, timeout_s: float) -> None:
        self._admin = admin
        self._timeout_s = timeout_s

    def set_password(self, username: str, password: str) -> None:
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
        self._alter(UserScramCredentialUpsertion(username, info, password.encode()))

    def remove_password(self, username: str) -> None:
        try:
            self._alter(UserScramCredentialDeletion(username, ScramMechanism.SCRAM_SHA_512))
        except KafkaException as error:
            if kafka_error(error).code() != KafkaError.RESOURCE_NOT_FOUND:
                raise

    def acls(self, username: str) -> set[AclBinding]:
        return set(self._admin.describe_acls(_all_of(username), request_timeout=self._timeout_s).result())

    def set_acls(self, username: str, wanted: set[AclBinding]) -> None:
        """Give the user these ACLs and no others.

        Raises:
            NoAuthorizer: there are ACLs to set, and the broker has no authorizer.
        """
        there = self.acls(username)
        try:
            if missing := wanted - there:
                _wait(self._admin.create_acls(list(missing), request_timeout=self._timeout_s).values())
            if unwanted := there - wanted:
                filters = [_only(binding) for binding in unwanted]
                _wait(self._admin.delete_acls(filters, request_timeout=self._timeout_s).values())
        except KafkaException as error:
            if kafka_error(error).code() == KafkaError.SECURITY_DISABLED:
                raise NoAuthorizer from error
            raise

    def _alter(self, alteration: UserScramCredentialAlteration) -> None:
        _wait(self._admin.alter_user_scram_credentials([alteration], request_timeout=self._timeout_s).values())


def _all_of(username: str) -> AclBindingFilter:
    anything: Any = None  # what the client wants here, whatever its type hints say
    return AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        f"User:{username}",
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )


def _only(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _wait(futures: Iterable[Future[object]]) -> None:
    for future in futures:
        future.result()  # ends by itself: every request has a timeout
