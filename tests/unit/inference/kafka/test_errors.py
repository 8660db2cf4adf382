"""The classification of Kafka errors."""

from confluent_kafka import KafkaError

from darkroom_inference.kafka.errors import meaning


def test_the_classification_of_kafka_errors() -> None:
    expected = {
        KafkaError.NOT_ENOUGH_REPLICAS: "Retry",
        KafkaError._TRANSPORT: "Retry",
        KafkaError.ILLEGAL_GENERATION: "NotAMember",
        KafkaError.STALE_MEMBER_EPOCH: "NotAMember",
        KafkaError.MSG_SIZE_TOO_LARGE: "TooLarge",
        KafkaError._FATAL: "Fatal",
        KafkaError.TOPIC_AUTHORIZATION_FAILED: "Unknown",
    }
    assert {code: meaning(KafkaError(code)) for code in expected} == expected
    assert meaning(KafkaError(KafkaError.INVALID_PRODUCER_EPOCH, fatal=True)) == "Fatal"
