"""ServiceAccounts: the identity of the workers of a stage, without rights in the cluster."""

from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import StagePlan
from darkroom_operator.builders.metadata import child_metadata
from darkroom_operator.kube.kinds import SERVICE_ACCOUNT
from darkroom_operator.kube.transport import Manifest


def service_account(pipeline: ImagePipeline, stage: StagePlan) -> Manifest:
    """The ServiceAccount of the workers of `stage`: without a token, because they do not use the API server."""
    return {
        "apiVersion": SERVICE_ACCOUNT.api_version,
        "kind": SERVICE_ACCOUNT.name,
        "metadata": child_metadata(pipeline, stage.name),
        "automountServiceAccountToken": False,
    }
