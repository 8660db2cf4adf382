"""What a measurement counts: images, the time by the clock, and the processor time."""

from pydantic import BaseModel, ConfigDict


class Rate(BaseModel):
    """Images that a process analysed in some time.

    Attributes:
        seconds: by the clock.
        cpu_seconds: processor time of all threads of the process.
    """

    model_config = ConfigDict(frozen=True)

    images: float
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Images per second by the clock."""
        return self.images / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Images per second of processor time."""
        return self.images / self.cpu_seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time per image."""
        return self.cpu_seconds / self.images * 1e6

    def __str__(self) -> str:
        return f"{self.per_second:,.1f} images/s, {self.cpu_us:,.0f} us of CPU per image"
