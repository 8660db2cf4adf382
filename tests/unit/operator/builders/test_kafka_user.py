"""KafkaUsers: ACLs only where the User Operator supports them."""

from darkroom_operator.builders.kafka_user import kafka_user
from tests.unit.operator.builders.cases import pipeline_of


def test_a_user_has_no_authorization_where_acls_are_not_supported() -> None:
    without, full = (kafka_user(*pipeline_of("small"), "events", "kafka", "tls", acls=acls) for acls in (False, True))
    assert without["spec"] == {"authentication": {"type": "tls"}}
    assert full["spec"]["authorization"]["type"] == "simple"
    assert without["metadata"] == full["metadata"]
