"""librdkafka settings of the operator's connections."""

from collections.abc import Mapping

from darkroom.api.pipeline import Kafka
from darkroom.kafka.connection import SCRAM_MECHANISM, ClientSettings, KafkaConnection, client_settings
from darkroom_operator.kafka.credentials import CA, CERTIFICATE, PASSWORD, PRIVATE_KEY, USERNAME

CLIENT_ID = "darkroom-operator"


def admin_settings(kafka: Kafka, files: Mapping[str, bytes]) -> ClientSettings:
    """Settings of an Admin client for `kafka`, with the content of `files` instead of paths."""
    tls, authentication = kafka.tls is not None, kafka.authentication is not None
    settings = client_settings(KafkaConnection(bootstrap_servers=kafka.bootstrap_servers or ""), CLIENT_ID)
    texts = {name: content.decode() for name, content in files.items()}
    optional = {
        "ssl.ca.pem": texts.get(CA),
        "ssl.certificate.pem": texts.get(CERTIFICATE),
        "ssl.key.pem": texts.get(PRIVATE_KEY),
    }
    if authentication and PASSWORD in texts:
        settings["security.protocol"] = "SASL_SSL" if tls else "SASL_PLAINTEXT"
        optional |= {
            "sasl.mechanism": SCRAM_MECHANISM,
            "sasl.username": texts[USERNAME].strip(),
            "sasl.password": texts[PASSWORD].strip(),
        }
    elif tls:
        settings["security.protocol"] = "SSL"
    return settings | {name: value for name, value in optional.items() if value is not None}
