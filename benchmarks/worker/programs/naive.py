"""A consumer as people write it first: `python -m benchmarks.worker.programs.naive`, started by the benchmark.

One message at a time, Pillow, a session with ONNX Runtime's defaults, offsets committed automatically. It promises less
than a worker: a crash loses images, a broken image ends it.
"""

import argparse
import io
import json
import time
from pathlib import Path

import numpy as np
import onnxruntime
from confluent_kafka import Consumer, Producer
from PIL import Image

from benchmarks.worker.programs.window import Window

_WARM_UP = 50
_DEADLINE_S = 60.0


def main() -> None:
    """Consume, analyse and produce for some seconds, and print the rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--bootstrap-servers", "--topic", "--results", "--group"):
        parser.add_argument(name, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    session = onnxruntime.InferenceSession(str(options.model))
    servers = {"bootstrap.servers": options.bootstrap_servers}
    consumer = Consumer(servers | {"group.id": options.group, "auto.offset.reset": "earliest"})
    consumer.subscribe([options.topic])
    producer = Producer(servers)
    window = Window(_WARM_UP, options.seconds)
    deadline = time.monotonic() + _DEADLINE_S + options.seconds
    while window.rate is None:
        message = consumer.poll(1.0)
        if message is None:
            if time.monotonic() > deadline:
                raise SystemExit("no more images")
            continue
        if message.error() is None:
            producer.produce(options.results, analyse(session, message.value() or b""), message.key())
            producer.poll(0)
            window.count(1)
    producer.flush()
    consumer.close()
    print(window.rate.model_dump_json())


def analyse(session: onnxruntime.InferenceSession, image: bytes) -> bytes:
    """The five best classes as JSON."""
    port = session.get_inputs()[0]
    _, channels, height, width = port.shape
    picture = Image.open(io.BytesIO(image)).convert("RGB" if channels == 3 else "L").resize((width, height))  # noqa: PLR2004
    pixels = np.asarray(picture, np.float32).reshape(height, width, channels).transpose(2, 0, 1)[None] / 255
    scores = session.run(None, {port.name: pixels})[0].ravel()
    best = np.argsort(scores)[::-1][:5]
    return json.dumps({"predictions": [{"index": int(i), "score": float(scores[i])} for i in best]}).encode()


if __name__ == "__main__":
    main()
