"""Take the pictures of the web console in the documents: `python -m scripts.console_pictures [FOLDER]`.

The console shows the sample pipelines, with an hour of made-up traffic.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import sin
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from confluent_kafka import Consumer, Producer, TopicPartition
from playwright.sync_api import Browser, Page, expect

from benchmarks.console.load import steady_load
from darkroom import events, names
from darkroom.cloudevents import CloudEvent, timestamp
from darkroom_cli.local_kafka import LocalKafka
from darkroom_ingestion.images.ids import new_image_id
from tests.support.browser.chromium import chromium
from tests.support.browser.screens import SCREENS, show_theme, write_picture
from tests.support.browser.watched import DESKTOP, PHONE, watched_page
from tests.support.services.access.checked import checked_service
from tests.support.services.console import Gallery, GalleryToShare
from tests.support.services.console_images import DIGITS, SCENES, send, send_and_wait
from tests.support.services.ingestion import Pipeline, result_data

PICTURES = Path(__file__).parents[1] / "docs/images/console"
SHOWN = ("live", "explore", "image", "dead-letters", "overview", "submit")
ON_A_PHONE = ("live", "explore", "image")
_MINUTES = 60
_TOOK_MS = (38, 61)
"""About how long the stages took."""
_RATE = 3
_WARM_UP_MS = 7_000
_TIMEOUT_S = 60
_THEMES: Final[tuple[tuple[Literal["light", "dark"], str], ...]] = (("light", ""), ("dark", "-dark"))


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=PICTURES, help="(%(default)s)")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with LocalKafka() as kafka:
        shared = GalleryToShare(lambda: kafka.bootstrap_servers, prepare=make_history)
        try:
            gallery = Gallery(**shared.start())
            image = sent(gallery)
            with chromium() as browser, steady_load(gallery.url, gallery.digits, DIGITS, _RATE):
                take(browser, gallery, image, folder)
                take_with_access_control(browser, gallery, folder)
        finally:
            shared.stop()


def sent(gallery: Gallery) -> str:
    """Send images, some of which fail. Returns the id of one that is shown large."""
    for file in (SCENES[2], SCENES[4], SCENES[7], SCENES[8]):
        send(gallery, gallery.objects, [file + b"RAISE"])
    send(gallery, gallery.objects, [SCENES[0][:4_000]])
    images = send_and_wait(gallery, gallery.objects, SCENES * 2, key="camera-7")
    return str(images[3]["id"])


def take(browser: Browser, gallery: Gallery, image: str, folder: Path) -> None:
    """Take every picture in both themes, and some also as a phone shows them."""
    for screen in SCREENS:
        if screen.name not in SHOWN:
            continue
        for size, suffix in ((DESKTOP, ""), (PHONE, "-phone")) if screen.name in ON_A_PHONE else ((DESKTOP, ""),):
            with watched_page(browser, size=size) as watched:
                page = watched.page
                screen.open(page, gallery.url, image)
                if screen.name == "dead-letters":
                    page.locator("ul[aria-label='Dead letters'] li button").nth(1).click()
                if screen.name == "live":
                    send_and_wait(gallery, gallery.objects, SCENES)
                page.wait_for_timeout(_WARM_UP_MS if screen.name in {"live", "overview"} else 500)
                write_picture(page, folder / f"{screen.name}{suffix}.webp")
                if size == DESKTOP:
                    show_theme(page, "dark")
                    write_picture(page, folder / f"{screen.name}-dark.webp")


def take_with_access_control(browser: Browser, gallery: Gallery, folder: Path) -> None:
    """Take pictures of the console of a service that checks its callers, in both themes."""
    with TemporaryDirectory(prefix="darkroom-pictures-") as temporary, watched_page(browser) as watched:
        watched.expect_error("status of 401 .*/v1/session")
        page = watched.page
        with checked_service(Path(temporary), gallery.objects, SCENES[0]) as service:
            page.goto(f"{service.url}/p/gallery/objects/live")
            expect(page.get_by_label("Token")).to_be_visible()
            take_in_both_themes(page, folder, "sign-in")
            service.sign_in(page, "submitter")
            expect(page.get_by_text("You have no access to this page")).to_be_visible()
            take_in_both_themes(page, folder, "no-access")


def take_in_both_themes(page: Page, folder: Path, name: str) -> None:
    """Take a picture of what is shown, in both themes."""
    for theme, suffix in _THEMES:
        show_theme(page, theme)
        write_picture(page, folder / f"{name}{suffix}.webp")


def make_history(pipelines: Sequence[Pipeline]) -> None:
    """Publish an hour of images and results of two pipelines, as if their workers had analysed them."""
    for pipeline in pipelines:
        if pipeline.name == "digits":
            _publish_history(pipeline, DIGITS, "image/png", per_minute=40)
        elif pipeline.name == "objects":
            _publish_history(pipeline, SCENES, "image/jpeg", per_minute=8)


def _publish_history(pipeline: Pipeline, files: Sequence[bytes], media_type: str, per_minute: int) -> None:
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers, "linger.ms": 20})
    source = names.images_source(pipeline.namespace, pipeline.name)
    offsets: dict[int, int] = {}
    for number, at in enumerate(_times(per_minute)):
        partition = number % 3
        image_id = new_image_id(int(at.timestamp() * 1e9))
        offset = offsets.get(partition, 0)
        offsets[partition] = offset + 1
        received = CloudEvent(image_id, source, events.RECEIVED, timestamp(at), media_type)
        file = files[number % len(files)]
        producer.produce(pipeline.images_topic, file, image_id, partition, headers=received.headers())
        image = {"id": image_id, "topic": pipeline.images_topic, "partition": partition, "offset": offset}
        for stage, took_ms in zip(pipeline.stages, _TOOK_MS, strict=False):
            _publish_result(producer, pipeline, stage, image, at + timedelta(milliseconds=_about(took_ms)))
        producer.poll(0)
    producer.flush(_TIMEOUT_S)
    for stage in pipeline.stages:
        _commit(pipeline, stage, offsets)


def _times(per_minute: int) -> Iterator[datetime]:
    """When images came in the last hour: more, then fewer, then more of them."""
    begin = datetime.now(UTC) - timedelta(minutes=_MINUTES)
    for minute in range(_MINUTES):
        count = int(per_minute * (1.2 + sin(minute / 7) + random.uniform(0, 0.2)))
        for second in sorted(random.uniform(0, 60) for _ in range(count)):
            yield begin + timedelta(minutes=minute, seconds=second)


def _about(ms: float) -> float:
    """A duration like `ms`: some take much longer."""
    return ms * random.lognormvariate(0, 0.35)


def _publish_result(producer: Producer, pipeline: Pipeline, stage: str, image: dict[str, object], at: datetime) -> None:
    event = CloudEvent(
        names.result_id(str(image["id"]), stage),
        names.stage_source(pipeline.namespace, pipeline.name, stage),
        events.ANALYZED,
        timestamp(at),
        "application/json",
    )
    data = result_data(image, stage, "seven")
    topic = names.results_topic(pipeline.namespace, pipeline.name, stage)
    # The service goes by the time of the record.
    written_ms = int(at.timestamp() * 1_000)
    producer.produce(topic, json.dumps(data).encode(), str(image["id"]), headers=event.headers(), timestamp=written_ms)


def _commit(pipeline: Pipeline, stage: str, offsets: dict[int, int]) -> None:
    """Let the workers of a stage begin after these images."""
    group = names.consumer_group(pipeline.namespace, pipeline.name, stage)
    consumer = Consumer({"bootstrap.servers": pipeline.bootstrap_servers, "group.id": group})
    try:
        ends = [TopicPartition(pipeline.images_topic, partition, end) for partition, end in offsets.items()]
        consumer.commit(offsets=ends, asynchronous=False)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
