"""Alerts, evaluated by Prometheus's own promtool on what services exposed."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.made_once import CACHE, made_once

RULES = Path(__file__).parents[3] / "charts/darkroom/files/alerts.yaml"
TARGET = {"job": "demo/digits-classify", "namespace": "demo", "pod": "digits-0", "instance": "10.0.0.1:9090"}
"""The labels that Prometheus adds to what it scrapes."""

_HEALTHY, _FAILING = 20, 30
"""Minutes."""
_TIMEOUT_S = 120


def promtool() -> Path:
    """The installed promtool, or that of Debian's package prometheus, which is unpacked to the cache.

    Raises:
        FileNotFoundError: There is none, and this is not Debian.
    """
    if installed := shutil.which("promtool"):
        return Path(installed)
    if shutil.which("apt-get") is None:
        raise FileNotFoundError("the tests of alerts need promtool: install Prometheus")
    return made_once(CACHE / "prometheus", _unpack) / "usr/bin/promtool"


def _unpack(target: Path) -> None:
    target.mkdir()

    def run(*command: str | Path) -> None:
        subprocess.run(command, cwd=target, check=True, capture_output=True, timeout=_TIMEOUT_S)

    run("apt-get", "download", "prometheus")
    (package,) = target.glob("prometheus_*.deb")
    run("dpkg-deb", "-x", package, target)
    package.unlink()
    shutil.rmtree(target / "usr/share")


def alerts(folder: Path, healthy: str, failing: Sequence[str]) -> tuple[set[str], set[str]]:
    """The alerts that fire before a failure, and at its end.

    The expositions of a service become series with a sample a minute: `healthy` for 20 minutes, then 30 minutes of the
    failure. Counters go on as they went between the two expositions in `failing`. Gauges keep their first value there,
    as do counters that a restart set back. An operator leads, unless they are those of an operator.

    Args:
        folder: for promtool's files.
        healthy: what the service exposed before the failure; empty if it did not run.
        failing: what it exposed twice during the failure.
    """
    names = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    moments = _HEALTHY - 1, _HEALTHY + _FAILING
    expected = [
        {
            "expr": f"group(ALERTS{{alertname='{name}', alertstate='firing'}})",
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for name in names
        for minute in moments
    ]
    said = _test_rules(folder, list(_series(healthy, failing)), expected)
    silent = {(name, int(minute)) for name, minute in re.findall(r"alertname='(\w+)'.*?time: (\d+)m", said)}
    assert said == "" or silent, said
    before, after = ({name for name in names if (name, minute) not in silent} for minute in moments)
    return before, after


def ever_fires(folder: Path, alert: str, metric: str, values: str) -> bool:
    """Whether an alert fires at any time within two hours.

    Args:
        folder: for promtool's files.
        alert: its name.
        metric: the metric that it is about.
        values: of the metric, a sample a minute, in promtool's notation.
    """
    firing = f"group(count_over_time(ALERTS{{alertname='{alert}', alertstate='firing'}}[2h]))"
    expected = [{"expr": firing, "eval_time": "2h", "exp_samples": [{"labels": "{}", "value": 1}]}]
    labels = ", ".join(f"{key}={json.dumps(value)}" for key, value in TARGET.items())
    said = _test_rules(folder, [{"series": f"{metric}{{{labels}}}", "values": values}], expected)
    assert said == "" or "got: nil" in said.replace("\n", " "), said
    return said == ""


def _test_rules(folder: Path, series: list[dict[str, str]], expected: list[dict[str, Any]]) -> str:
    """What `promtool test rules` says of the expectations that are not met."""
    tests = folder / "alerts.test.yaml"
    test = {"interval": "1m", "input_series": series, "promql_expr_test": expected}
    document = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}
    tests.write_text(json.dumps(document), encoding="utf-8")
    command = [promtool(), "test", "rules", tests]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    return ran.stdout + ran.stderr if ran.returncode else ""


def _series(healthy: str, failing: Sequence[str]) -> Iterator[dict[str, str]]:
    before, first, last = (_samples(text) for text in (healthy, *failing))
    if not any(name.startswith("darkroom_operator_leads") for name in first):
        yield {"series": "darkroom_operator_leads", "values": f"1x{_HEALTHY + _FAILING}"}
    for name in {**before, **first, **last}:
        old, began, now = (found.get(name) for found in (before, first, last))
        step = 0.0 if began is None or now is None or not _grows(name) else max(0.0, now - began)
        head = [f"{_number(old)}x{_HEALTHY - 1}"] if old is not None else [f"_x{_HEALTHY}"]
        tail = [f"{_number(began, step)}x{_FAILING}"] if began is not None else [f"_x{_FAILING}"]
        yield {"series": name, "values": " ".join([*head, *tail])}


def _grows(series: str) -> bool:
    return series.partition("{")[0].endswith(("_total", "_count", "_sum", "_bucket"))


def _number(value: float | None, step: float = 0.0) -> str:
    return f"{value:g}+{step:g}"


def _samples(text: str) -> dict[str, float]:
    """The samples of Darkroom's metrics by their series, in Prometheus' notation."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("darkroom_"):
                labels = ", ".join(f"{key}={json.dumps(value)}" for key, value in {**sample.labels, **TARGET}.items())
                found[f"{sample.name}{{{labels}}}"] = sample.value
    return found
