"""Classification of Kafka errors: retry, give up the batch, or replace the clients."""

from typing import Final, Literal

from confluent_kafka import KafkaError

from darkroom.errors import DarkroomError
from darkroom.kafka.errors import is_fatal

Meaning = Literal["Retry", "NotAMember", "TooLarge", "Fatal", "Unknown"]

_TRANSIENT: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's error codes have no other names
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._WAIT_COORD,  # noqa: SLF001
        KafkaError._RESOLVE,  # noqa: SLF001
        KafkaError._AUTHENTICATION,  # noqa: SLF001
        KafkaError._RETRY,  # noqa: SLF001
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
        KafkaError.CONCURRENT_TRANSACTIONS,
        KafkaError.THROTTLING_QUOTA_EXCEEDED,
        KafkaError.KAFKA_STORAGE_ERROR,
    }
)
_MEMBERSHIP: Final = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001
    }
)
_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})


class Interrupted(DarkroomError):
    """The current batch can't be finished now. None of it has been committed, so it must be repeated."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the current batch must be repeated: {cause}")
        self.cause = cause


class ClientsBroken(DarkroomError):
    """The loop's clients are fenced or have failed permanently: the loop needs new ones."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the Kafka clients must be replaced: {cause}")
        self.cause = cause


def meaning(error: KafkaError) -> Meaning:
    """How to handle `error`. Errors that may end without a restart, such as a failed broker, are not fatal."""
    if is_fatal(error):
        return "Fatal"
    if error.code() in _TOO_LARGE:
        return "TooLarge"
    if error.code() in _MEMBERSHIP:
        return "NotAMember"
    if error.retriable() or error.code() in _TRANSIENT:
        return "Retry"
    return "Unknown"
