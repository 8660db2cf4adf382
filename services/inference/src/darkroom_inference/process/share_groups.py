"""Checking that Kafka has the share groups of mode Queue."""

from typing import Final

from darkroom.kafka.connection import client_settings
from darkroom.kafka.features import share_groups_problem
from darkroom.stage_settings import StageSettings
from darkroom_inference.process.settings import UnusableSettings

_TIMEOUT_S: Final = 5.0


def check_share_groups(settings: StageSettings) -> None:
    """Check that the workers of a stage with mode Queue can join their group. A Kafka that is away may have it.

    Raises:
        UnusableSettings: Kafka has no share groups; says how to enable them.
    """
    if not settings.uses_share_group:
        return
    if problem := share_groups_problem(client_settings(settings.kafka, "darkroom-worker"), _TIMEOUT_S):
        raise UnusableSettings(f'stage "{settings.stage.name}": {problem}')
