"""Reading the files of images and dead letters from the log, for the routes that need their bytes."""

from darkroom_ingestion.catalog.served import ServedPipeline
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.problems import gone, invalid, not_found
from darkroom_ingestion.http.requests.memory import MemoryShare
from darkroom_ingestion.kafka.log_record import LogRecord
from darkroom_ingestion.records.answers import ReceivedImage
from darkroom_ingestion.records.text import storable
from darkroom_ingestion.store.rows import image_id as id_in


def well_formed(image_id: str) -> str:
    """The id, if an image can have it.

    Raises:
        HttpProblem: 404.
    """
    if storable(image_id) != image_id:
        raise not_found("No image has an id with such characters.")
    return image_id


async def find_image(services: Services, served: ServedPipeline, image_id: str) -> ReceivedImage:
    """The image, and where it is in the log.

    Raises:
        HttpProblem: 410: only its results are left. And those of `ImageLookup.find`.
    """
    image = await services.lookup.image(served, well_formed(image_id))
    if image is None:
        raise gone(f"Retention has removed image {image_id!r:.120}; only its results are left.")
    return image


async def read_image(services: Services, served: ServedPipeline, image: ReceivedImage, share: MemoryShare) -> LogRecord:
    """The record of an image, for which `share` has memory.

    Raises:
        HttpProblem: 410: retention has removed it. 503: not enough memory is left.
        KafkaUnreachable: no broker answered in time.
    """
    share.hold(image.bytes)
    record = await services.links.of(served).reader.read(image.topic, image.partition, image.offset)
    if record is None or id_in(record) != image.id:
        raise gone(
            f"Image {image.id!r:.120} is no longer in {image.topic}, partition {image.partition}, offset "
            f"{image.offset}: images are kept for {served.pipeline.spec.images.retention}."
        )
    return record


def dead_letters_topic(served: ServedPipeline, stage: str) -> str:
    """The topic with the dead letters of a stage.

    Raises:
        HttpProblem: 422: the pipeline has no such stage.
    """
    for plan in served.plan.stages:
        if plan.name == stage:
            return plan.dead_letters.name
    raise invalid(f"stage: {served.key} has the stages {', '.join(served.stages)}")


async def read_dead_letter(
    services: Services, served: ServedPipeline, topic: str, partition: int, offset: int, share: MemoryShare
) -> LogRecord:
    """The record of a dead letter, for which `share` has memory.

    Raises:
        HttpProblem: 410: retention has removed it. 503: not enough memory is left.
        KafkaUnreachable: no broker answered in time.
    """
    share.hold(served.max_image_bytes)
    record = await services.links.of(served).reader.read(topic, partition, offset)
    if record is None:
        raise gone(
            f"There is no record in {topic}, partition {partition}, offset {offset}, or retention has removed it."
        )
    return record
