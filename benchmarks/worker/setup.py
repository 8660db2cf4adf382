"""What all measurements share: the images that wait in Kafka, the cores, and how long to measure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.worker.cores import Cores
from benchmarks.worker.mlserver.measurement import mlserver_rate
from benchmarks.worker.processes import WORKER, measuring_itself, program, worker
from benchmarks.worker.rate import Rate
from benchmarks.worker.stages import MODELS, Images

Measurement = Callable[[], Rate]

_MLSERVER_WAITING = 5_000


@dataclass(frozen=True)
class Seconds:
    """How long to measure: stages whose model is small, classifiers of a usual size, and programs without batches."""

    small: float
    usual: float
    program: float


@dataclass(frozen=True)
class Setup:
    """The measurements of one run. Every worker and program starts with a consumer group of its own.

    Attributes:
        waiting: how many images wait in the topic of each image size.
    """

    folder: Path
    cores: Cores
    seconds: Seconds
    waiting: dict[str, int]

    @property
    def loops(self) -> int:
        """One loop for each core of what is measured."""
        return len(self.cores.measured)

    def worker(self, images: Images, model: str, delivery: str = "least", *, loops: int | None = None) -> Measurement:
        """A worker with Kafka."""
        return partial(self._worker, images, model, delivery, loops or self.loops, WORKER)

    def traced(self, images: Images, model: str, collector: Mapping[str, str]) -> Measurement:
        """A worker with Kafka that sends spans of 1 % of the images; `collector` are the environment variables."""
        return partial(self._worker, images, model, "least", self.loops, WORKER, collector)

    def simulated(self, images: Images, model: str, loops: int, parts_us: dict[str, float]) -> Measurement:
        """A worker with Kafka that sleeps for as long as decoder, pre-processing and model would compute."""
        times = [text for step in ("decode", "preprocess", "model") for text in (f"--{step}-us", str(parts_us[step]))]
        return partial(self._worker, images, model, "least", loops, ("benchmarks.worker.programs.simulated", *times))

    def bare(self, images: Images, model: str) -> Measurement:
        """The stage without Kafka, in as many threads as a worker has."""
        return partial(self._program, "benchmarks.worker.programs.bare", images, model, [])

    def relay(self, images: Images, model: str) -> Measurement:
        """Consuming and producing without a stage, in as many threads as a worker has."""
        arguments = ["--waiting", str(self.waiting[images.name])]
        return partial(self._program, "benchmarks.worker.programs.relay", images, model, arguments)

    def naive(self, images: Images, model: str) -> Measurement:
        """A consumer as people write it first."""
        return partial(self._naive, images, model)

    def mlserver(self, python: Path, images: Images, model: str) -> Measurement:
        """MLServer on its Kafka path, with images of its own in the form that it reads."""
        return partial(
            mlserver_rate,
            python,
            images.connection.bootstrap_servers,
            images.images,
            MODELS[model],
            _MLSERVER_WAITING,
            self.seconds.program,
            self.folder,
            self.cores,
        )

    def _worker(
        self,
        images: Images,
        model: str,
        delivery: str,
        loops: int,
        command: tuple[str, ...],
        environment: Mapping[str, str] | None = None,
    ) -> Rate:
        settings = images.settings(model, delivery, loops=loops)
        seconds = self.seconds.small if model == "digits" else self.seconds.usual
        waiting = self.waiting[images.name]
        return worker(settings, waiting, seconds, self.folder, self.cores, command=command, environment=environment)

    def _program(self, module: str, images: Images, model: str, arguments: list[str]) -> Rate:
        settings = images.settings(model, loops=self.loops)
        arguments = [*arguments, "--images", str(images.files), "--seconds", str(self.seconds.program)]
        return program(module, settings, arguments, self.folder, self.cores)

    def _naive(self, images: Images, model: str) -> Rate:
        settings = images.settings(model, loops=1)
        arguments = ["--bootstrap-servers", settings.kafka.bootstrap_servers, "--topic", settings.images_topic]
        arguments += ["--results", settings.results_topic, "--group", settings.consumer_group]
        arguments += ["--model", str(MODELS[model]), "--seconds", str(self.seconds.program)]
        return measuring_itself("benchmarks.worker.programs.naive", arguments, self.cores)
