"""Kafka on this machine, without Java or Docker: the JVM comes from PyPI, the jars from Maven Central."""

from darkroom_cli.local_kafka.broker import LocalKafka
from darkroom_cli.local_kafka.cluster import LocalCluster
from darkroom_cli.local_kafka.jars import KAFKA_VERSION
from darkroom_cli.local_kafka.server_properties import Listener, Member, acl_properties, scram_listener

__all__ = ["KAFKA_VERSION", "Listener", "LocalCluster", "LocalKafka", "Member", "acl_properties", "scram_listener"]
