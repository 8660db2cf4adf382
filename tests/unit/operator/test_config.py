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


@pytest.mark.parametrize(
    ("endpoint", "port"), [("http://collector:4318/x", 4318), ("https://collector", 443), ("http://collector", 80)]
)
def test_the_collector_of_the_workers(endpoint: str, port: int) -> None:
    tracing = parse_config(["--worker-otlp-endpoint", endpoint], {}).worker_tracing
    assert tracing is not None
    assert (tracing.port, tracing.sample_ratio) == (port, 0.01)
    assert parse_config([], {}).worker_tracing is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--worker-otlp-endpoint", "collector:4318"], "give a URL"),
        (["--worker-otlp-endpoint", "http://collector:x"], "give a URL"),
        (["--worker-otlp-endpoint", "http://c", "--worker-trace-sample-ratio", "2"], "from 0 to 1"),
    ],
)
def test_a_collector_that_can_not_be_is_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_config(options, {})


def test_worker_defaults_are_json() -> None:
    config = parse_config(["--worker-defaults", '{"resources": {"limits": {"memory": "1Gi"}}}'], {})
    assert config.worker_defaults.resources.limits == {"memory": "1Gi"}


@pytest.mark.parametrize(
    ("document", "message"), [('{"volumes": []}', "volumes: Extra inputs"), ("{", "--worker-defaults: ")]
)
def test_wrong_worker_defaults_are_refused(document: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_config(["--worker-defaults", document], {})
    assert message in capsys.readouterr().err
