"""The statuses of pipelines, also of those that are not served."""

import time

from darkroom_cli.client.pipelines import list_pipelines, name_of
from darkroom_cli.client.service import Document, Service
from darkroom_cli.exit_codes import InvalidInput

_UNTIL_NEXT_SAMPLE_S = 2.1
"""The service takes a new sample after two seconds. Rates need two."""


def pipeline_names(service: Service, wanted: str | None) -> list[str]:
    """NAMESPACE/NAME of the pipelines that `wanted` (NAMESPACE/NAME or NAME) selects; of all if it is None.

    Raises:
        InvalidInput: there is no such pipeline, or several have that name.
        Unreachable: the service doesn't respond.
    """
    listed = list_pipelines(service)
    every = sorted(name_of(document) for kind in ("pipelines", "unserved") for document in listed[kind])
    if wanted is None:
        return every
    matching = [name for name in every if wanted in {name, name.partition("/")[2]}]
    if len(matching) == 1:
        return matching
    if matching:
        raise InvalidInput(f"there are several pipelines {wanted}: choose one of {', '.join(matching)}")
    there_are = f"there are {', '.join(every)}" if every else "there are none"
    raise InvalidInput(f"{service.url} has no pipeline {wanted}; {there_are}")


def read_statuses(service: Service, names: list[str]) -> list[Document]:
    """The statuses of pipelines.

    Raises:
        Refused: a pipeline was deleted.
        Unreachable: the service doesn't respond.
    """
    return [service.get(f"/v1/pipelines/{name}/status").json() for name in names]


def read_statuses_with_rates(service: Service, names: list[str]) -> list[Document]:
    """As `read_statuses`, but reads them again where the service has taken only one sample.

    Raises:
        Refused: a pipeline was deleted.
        Unreachable: the service doesn't respond.
    """
    statuses = read_statuses(service, names)
    if any(_has_one_sample(status) for status in statuses):
        time.sleep(_UNTIL_NEXT_SAMPLE_S)
        return read_statuses(service, names)
    return statuses


def needs_attention(status: Document) -> bool:
    """Whether the service gives advice, except that a pipeline is suspended: somebody wanted that."""
    if any(stage["advice"] for stage in status["stages"]):
        return True
    return len(status["advice"]) > bool(status["suspended"])


def _has_one_sample(status: Document) -> bool:
    return bool(status["images"]["partitions"]) and status["images"]["ratePerSecond"] is None
