"""The Kafka that a command reads: that of options, of a file of settings, or of a running `darkroom up`."""

from pathlib import Path

from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.runner.state_folder import StateFolder

Settings = dict[str, str | int | float | bool]
BOOTSTRAP = "bootstrap.servers"


def kafka_settings(bootstrap_servers: str | None, config: Path | None, data_dir: Path) -> Settings:
    """Settings of librdkafka.

    Args:
        bootstrap_servers: the brokers; None for those in `config`, else those of `darkroom up`.
        config: a file of settings, as `security.protocol=SASL_SSL`.
        data_dir: the data folder of `darkroom up`.

    Raises:
        InvalidInput: no Kafka is known, or `config` can't be read.
    """
    settings = {} if config is None else read_config(config)
    if bootstrap_servers is not None:
        return settings | {BOOTSTRAP: bootstrap_servers}
    if BOOTSTRAP in settings:
        return settings
    known = StateFolder(data_dir).known_settings()
    if not known:
        raise InvalidInput(
            f"no Kafka given, and {data_dir} is not the data folder of a `darkroom up`: give that with --data-dir, "
            "or the Kafka with --bootstrap-servers"
        )
    return settings | {BOOTSTRAP: known[0].kafka.bootstrap_servers}


def read_config(file: Path) -> Settings:
    """The settings in `file`: one `name=value` on each line; lines with # are comments.

    Raises:
        InvalidInput: the file can't be read, or a line is not a setting.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput(f"--kafka-config {file} can't be read: {reason}") from error
    settings: Settings = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.strip():
            raise InvalidInput(f"--kafka-config {file}, line {number}: write name=value, as security.protocol=SASL_SSL")
        settings[name.strip()] = value.strip()
    return settings
