"""The init container of workers with a GPU, which reports whether the GPU can be used."""

from typing import Any, Final

from darkroom_operator.builders.workload import SETTINGS_FILE, SETTINGS_FOLDER

REPORT: Final = "execution"
"""The container's name."""

_SAME_AS_WORKER: Final = (
    "image", "imagePullPolicy", "command", "env", "resources", "securityContext", "terminationMessagePolicy",
    "volumeMounts",
)  # fmt: skip


def execution_report(worker: dict[str, Any]) -> dict[str, Any]:
    """An init container in the same place as the container `worker`.

    The operator reads its termination message in the pod's status: workers have no access to the API server. It has the
    worker's limits: Kubernetes gives the same GPU to both, one after the other.
    """
    return {
        "name": REPORT,
        **{field: worker[field] for field in _SAME_AS_WORKER},
        "args": ["execution", f"--settings={SETTINGS_FOLDER / SETTINGS_FILE}", "--to=/dev/termination-log"],
    }
