"""Copied Secrets keep their content."""

import base64

from darkroom_operator.builders.kafka_secret import kafka_secret
from tests.unit.operator.builders.cases import pipeline_of


def test_a_copied_secret_has_the_original_content() -> None:
    secret = kafka_secret(*pipeline_of("small"), {"password": b"\x00\xff"})
    assert base64.b64decode(secret["data"]["password"]) == b"\x00\xff"
