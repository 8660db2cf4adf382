"""Which Kafka a command reads."""

from pathlib import Path

import pytest

from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.runner.known_kafka import kafka_settings, read_config


def test_a_file_of_settings_is_read_without_its_comments(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("# mine\n\nsecurity.protocol = SASL_SSL\nsasl.password=a=b\n")
    assert read_config(file) == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}


@pytest.mark.parametrize("line", ["security.protocol", "=x"])
def test_a_line_that_is_no_setting_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "client.properties"
    file.write_text(f"a=b\n{line}\n")
    with pytest.raises(InvalidInput, match="line 2: write name=value"):
        read_config(file)


def test_brokers_of_the_option_are_stronger_than_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("bootstrap.servers=file:9092\nsasl.username=ada\n")
    assert kafka_settings("option:9092", file, tmp_path) == {
        "bootstrap.servers": "option:9092",
        "sasl.username": "ada",
    }
    assert kafka_settings(None, file, tmp_path)["bootstrap.servers"] == "file:9092"


def test_without_any_kafka_the_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="give that with --data-dir, or the Kafka with --bootstrap-servers"):
        kafka_settings(None, None, tmp_path)
