"""Images per second of one worker with Kafka, compared with its cores without Kafka: `python benchmarks/worker.py`.

The bound is cores / (t_decode + t_preprocess + t_inference), measured in the same run in one thread without Kafka. Two
extremes are shown: the sample digits (a sixth of a millisecond, so that all overhead is visible), and the same as
photographs of 640 x 480. `ratio` uses wall-clock time and is meaningful only on an idle machine; `cpu ratio` compares
CPU time per image, without the time that a loop waits for Kafka.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from darkroom.api.validation import parse_pipeline
from darkroom.kafka.connection import KafkaConnection, producer_settings
from darkroom.kafka.topics import ensure_topics
from darkroom.stage_settings import StageSettings, stage_settings
from darkroom.topology import topology, with_at_most_replicas
from darkroom_cli.local_kafka import LocalKafka
from darkroom_cli.processes.ports import Reservation
from darkroom_inference.process.local_requests import get
from darkroom_vision.analyse import Analyser
from darkroom_vision.imaging.opencv import configure_opencv
from darkroom_vision.stage import load_stage

REPOSITORY = Path(__file__).parents[1]
BARE_S = 3.0
READY_S = 60.0
CPU = "process_cpu_seconds_total"


def main() -> None:
    """Measure every image size and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000, help="images of each size (%(default)s)")
    parser.add_argument("--loops", type=int, default=len(os.sched_getaffinity(0)), help="(%(default)s: the cores)")
    parser.add_argument("--delivery", choices=["AtLeastOnce", "ExactlyOnce"], default="AtLeastOnce")
    options = parser.parse_args()
    configure_opencv()
    print(f"{options.loops} loops, {options.delivery}")
    print(f"{'images':<12} {'ms bare':>8} {'bound/s':>9} {'worker/s':>9} {'ratio':>6} {'cpu ratio':>10}")
    with tempfile.TemporaryDirectory() as folder, LocalKafka() as kafka:
        kafka.start()
        for name, images in (("digits", samples()), ("640x480", photographs())):
            settings = prepare(kafka.bootstrap_servers, name, options.delivery, options.loops)
            seconds = bare_seconds(settings, images)
            count = options.images if name == "digits" else options.images // 4
            publish(settings, images, count)
            rate, cpu_s = worker_rate(settings, Path(folder), count)
            bound = min(options.loops, len(os.sched_getaffinity(0))) / seconds
            speeds = f"{seconds * 1000:>8.3f} {bound:>9.0f} {rate:>9.0f}"
            print(f"{name:<12} {speeds} {rate / bound:>6.2f} {seconds / cpu_s:>10.2f}")


def samples() -> list[bytes]:
    """The sample digits that are JPEG."""
    return [file.read_bytes() for file in sorted((REPOSITORY / "k8s/samples/digits").glob("*.jpg"))]


def photographs() -> list[bytes]:
    """The samples with the size and the noise of photographs."""
    noise = np.random.default_rng(0)
    images = []
    for sample in samples()[:16]:
        picture = cv2.resize(np.asarray(cv2.imdecode(np.frombuffer(sample, np.uint8), cv2.IMREAD_COLOR)), (640, 480))
        noisy = np.clip(picture + noise.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)
        images.append(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    return images


def prepare(bootstrap_servers: str, name: str, delivery: str, loops: int) -> StageSettings:
    """Create the topics of a pipeline with one stage."""
    stage = {
        "name": "classify",
        "model": {"uri": "configmap://digits-model/digits.onnx"},
        "output": {"type": "Classification", "activation": "Softmax"},
        "delivery": delivery,
    }
    pipeline = parse_pipeline(
        {
            "apiVersion": "darkroom.dev/v1alpha1",
            "kind": "ImagePipeline",
            "metadata": {"name": f"b{name}", "namespace": "bench"},
            "spec": {"kafka": {"bootstrapServers": bootstrap_servers}, "stages": [stage]},
        }
    )
    plan = with_at_most_replicas(topology(pipeline), 1)
    ensure_topics(AdminClient({"bootstrap.servers": bootstrap_servers}), plan.topics)
    connection = KafkaConnection(bootstrap_servers=bootstrap_servers)
    model = REPOSITORY / "models/digits/digits.onnx"
    return stage_settings(pipeline, plan.stages[0], connection, loops=loops, model_path=model)


def bare_seconds(settings: StageSettings, images: list[bytes]) -> float:
    """CPU seconds per image without Kafka, in one thread. CPU time, so that other load does not favour the worker."""
    analyser = Analyser(load_stage(settings))
    for image in images:
        analyser.analyse(image)
    began, count = time.thread_time(), 0
    while (seconds := time.thread_time() - began) < BARE_S:
        analyser.analyse(images[count % len(images)])
        count += 1
    return seconds / count


def publish(settings: StageSettings, images: list[bytes], count: int) -> None:
    """Fill the images topic."""
    producer = Producer(producer_settings(settings.kafka, "benchmark", max_message_bytes=10_000_000, linger_ms=20))
    for number in range(count):
        while True:
            try:
                producer.produce(settings.images_topic, images[number % len(images)], key=str(number))
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()


def worker_rate(settings: StageSettings, folder: Path, count: int) -> tuple[float, float]:
    """Images per second and CPU seconds per image of a worker with `count` waiting images."""
    file = folder / f"{settings.pipeline}.json"
    file.write_text(settings.model_dump_json(by_alias=True))
    reservation = Reservation()
    port = reservation.port
    command = [sys.executable, "-m", "darkroom_inference", "run", "--settings", str(file), "--port", str(port)]
    worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        return measured(port, count)
    finally:
        worker.terminate()
        worker.wait(60)
        reservation.release()


def measured(port: int, count: int) -> tuple[float, float]:
    """Measure by the worker's metrics, from the first tenth of the images to the last image."""
    deadline = time.monotonic() + READY_S
    began: tuple[float, float, float] | None = None
    while True:
        metrics = get(port, "/metrics")[1]
        now, done, cpu_s = time.monotonic(), total(metrics, "darkroom_worker_images_total"), total(metrics, CPU)
        if began is None and done > count / 10:
            began = now, done, cpu_s
        if began is not None and done >= count:
            images = done - began[1]
            return images / (now - began[0]), (cpu_s - began[2]) / images
        if done:
            deadline = now + READY_S
        if now > deadline:
            raise SystemExit("the worker makes no progress: run it by hand to see why")
        time.sleep(0.02)


def total(metrics: str, name: str) -> float:
    """The sum of the samples of the metric `name`."""
    return sum(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(name))


if __name__ == "__main__":
    main()
