"""The settings of a loop's clients, as librdkafka takes them. No broker is needed to make a client."""

import pytest
from confluent_kafka import KafkaError

from darkroom.stage_settings import Replay, StageSettings
from darkroom_inference.kafka import clients
from darkroom_inference.lifecycle.options import GroupProtocol
from tests.support.services.image_records import example_settings

SMALLEST, LARGEST = 1, 400 * 2**20
"""What `images.maxBytes` may be."""


def ignore(_event: KafkaError | str) -> None:
    """No listener."""


def settings_for(max_image_bytes: int) -> StageSettings:
    return example_settings().model_copy(update={"max_image_bytes": max_image_bytes})


@pytest.mark.parametrize("max_image_bytes", [SMALLEST, LARGEST])
@pytest.mark.parametrize("protocol", ["consumer", "classic"])
def test_a_consumer_can_be_made_for_images_of_every_size(protocol: GroupProtocol, max_image_bytes: int) -> None:
    clients.consumer(settings_for(max_image_bytes), "loop-0", protocol, ignore, ignore).close()


@pytest.mark.parametrize("max_image_bytes", [SMALLEST, LARGEST])
@pytest.mark.parametrize("transactional_id", [None, "loop-0"])
def test_a_producer_can_be_made_for_images_of_every_size(transactional_id: str | None, max_image_bytes: int) -> None:
    clients.producer(settings_for(max_image_bytes), "loop-0", transactional_id, ignore)


def test_a_dead_letter_of_an_image_that_is_larger_than_the_pipeline_takes_fits_into_the_producer() -> None:
    producer = clients.producer(settings_for(2_000_000), "loop-0", None, ignore)
    producer.produce("demo.digits.classify.dead-letters", bytes(3_000_000))
    producer.purge()


def test_the_consumer_of_a_replay_reads_to_the_end_of_the_log() -> None:
    settings = example_settings().model_copy(update={"replay": Replay(generation="again", ranges={})})
    clients.consumer(settings, "loop-0", "consumer", ignore, ignore).close()
