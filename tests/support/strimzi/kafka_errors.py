"""Errors of librdkafka as messages of Kafka's Java client, which Strimzi writes to a status."""

from confluent_kafka import KafkaError, KafkaException

_JAVA = {
    KafkaError.INVALID_CONFIG: "InvalidConfigurationException",
    KafkaError.INVALID_PARTITIONS: "InvalidPartitionsException",
    KafkaError.INVALID_REPLICATION_FACTOR: "InvalidReplicationFactorException",
    KafkaError.INVALID_REQUEST: "InvalidRequestException",
    KafkaError.POLICY_VIOLATION: "PolicyViolationException",
    KafkaError.TOPIC_ALREADY_EXISTS: "TopicExistsException",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "TopicAuthorizationException",
    KafkaError.TOPIC_DELETION_DISABLED: "TopicDeletionDisabledException",
    KafkaError.TOPIC_EXCEPTION: "InvalidTopicException",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "ClusterAuthorizationException",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "UnknownTopicOrPartitionException",
}
_AWAY = {
    KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE,
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError.REQUEST_TIMED_OUT,
}
_TIMEOUT = "Timed out waiting for a node assignment. Call: describeConfigs"


def kafka_error(error: KafkaException) -> KafkaError:
    """What the exception carries."""
    carried = error.args[0]
    assert isinstance(carried, KafkaError)
    return carried


def broker_is_away(error: KafkaError) -> bool:
    """Whether no broker answered, so that a retry may succeed."""
    return error.code() in _AWAY


def in_java(error: KafkaError) -> str:
    """Such as "org.apache.kafka.common.errors.InvalidConfigurationException: Unknown topic config name: x"."""
    if broker_is_away(error):
        return f"org.apache.kafka.common.errors.TimeoutException: {_TIMEOUT}"
    return f"org.apache.kafka.common.errors.{_JAVA.get(error.code(), 'UnknownServerException')}: {error.str()}"
