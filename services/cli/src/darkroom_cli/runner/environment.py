"""The environment of a stage's workers: credentials for its model, and `template.env`."""

from darkroom.api.environment import REFUSAL, Variable, is_protected
from darkroom.api.pipeline import Stage
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import Bundle


def worker_environment(stage: Stage, namespace: str, bundle: Bundle) -> dict[str, str]:
    """Environment variables to add to those of this process. Values that are not in the manifests are omitted.

    Raises:
        InvalidInput: the Secret of the model has a key that a pipeline may not set.
    """
    environment: dict[str, str] = {}
    if stage.model.secret is not None:
        entries = bundle.secrets.get((namespace, stage.model.secret.name), {})
        if wrong := next(filter(is_protected, entries), None):
            raise InvalidInput(f'stage "{stage.name}": Secret {stage.model.secret.name} has a key {wrong}: {REFUSAL}')
        environment |= {key: value.decode(errors="replace") for key, value in entries.items()}
    for variable in stage.template.env:
        value = _value(variable, namespace, bundle)
        if value is not None:
            environment[variable.name] = value
    return environment


def _value(variable: Variable, namespace: str, bundle: Bundle) -> str | None:
    source = variable.value_from
    if source is None:
        return variable.value or ""
    for reference, entries in (
        (source.secret_key_ref, bundle.secrets),
        (source.config_map_key_ref, bundle.config_maps),
    ):
        if reference is not None:
            content = entries.get((namespace, reference.name), {}).get(reference.key)
            return None if content is None else content.decode(errors="replace")
    return None
