"""The operator's options."""

import pytest

from darkroom_operator.config import parse_config


def test_the_command_line_overrides_the_environment() -> None:
    environment = {"DARKROOM_WORKER_IMAGE": "a", "DARKROOM_WATCH_NAMESPACES": "x, y", "DARKROOM_RECONCILE_THREADS": "3"}
    config = parse_config(["--worker-image", "b"], environment)
    assert (config.worker_image, config.namespaces, config.threads) == ("b", ("x", "y"), 3)


@pytest.mark.parametrize(("fields", "expected"), [("env, affinity", ("env", "affinity")), ("none", ()), ("", ())])
def test_the_fields_of_the_template(fields: str, expected: tuple[str, ...]) -> None:
    assert parse_config(["--tenant-template", fields], {}).tenant_template == expected


def test_an_unknown_field_of_the_template_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_config(["--tenant-template", "env,volumes"], {})
    assert "--tenant-template: volumes: choose from nodeSelector, " in capsys.readouterr().err
