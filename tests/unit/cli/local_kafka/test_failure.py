"""The reason why a broker exited, from the output of real brokers."""

from darkroom_cli.local_kafka.failure import reason_of_failure

DAMAGED_DATA = """\
[2026-11-23 14:43:49,316] ERROR Error while reading meta.properties file /d/log/meta.properties (org.apache.Loader)
java.lang.RuntimeException: Unknown meta.properties version number 7
\tat org.apache.kafka.metadata.properties.MetaPropertiesVersion.fromNumber(MetaPropertiesVersion.java:53)
\tat kafka.Kafka.main(Kafka.scala)
[2026-11-23 14:43:49,318] ERROR Exiting Kafka due to fatal exception (kafka.Kafka$)
java.lang.RuntimeException: No readable meta.properties files found.
\tat org.apache.kafka.metadata.properties.MetaPropertiesEnsemble.verify(MetaPropertiesEnsemble.java:480)
\tat kafka.Kafka.main(Kafka.scala)
"""
PORT_TAKEN = """\
[2026-11-23 14:43:46,912] ERROR Unable to start acceptor for PLAINTEXT (kafka.network.DataPlaneAcceptor)
org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:19999: Address already in use.
\tat kafka.network.Acceptor.openServerSocket(SocketServer.scala:615)
Caused by: java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
\t... 18 more
[2026-11-23 14:43:46,915] ERROR [BrokerServer id=1] Received a fatal error (kafka.server.BrokerServer)
java.lang.RuntimeException: Unable to start acceptor for PLAINTEXT
\tat kafka.network.Acceptor.start(SocketServer.scala:511)
Caused by: java.lang.IllegalStateException: something that only follows
"""
NOT_LOGGED = """\
WARNING: A restricted method in java.lang.System has been called
Exception in thread "main" org.apache.kafka.common.config.ConfigException: Invalid value soon: Not a number of type LONG
\tat kafka.tools.StorageTool.main(StorageTool.scala)
"""
UNKNOWN_OPTION = """\
NOTE: Picked up JDK_JAVA_OPTIONS: -Xnonsense
Unrecognized option: -Xnonsense
Error: Could not create the Java Virtual Machine.
Error: A fatal exception has occurred. Program will exit.
"""


def test_the_first_exception_is_the_reason_and_later_ones_follow_from_it() -> None:
    assert reason_of_failure(DAMAGED_DATA) == "Unknown meta.properties version number 7"
    assert reason_of_failure(PORT_TAKEN) == "Socket server failed to bind to 127.0.0.1:19999: Address already in use."
    assert reason_of_failure(NOT_LOGGED) == "Invalid value soon: Not a number of type LONG"


def test_a_cause_that_the_exception_does_not_repeat_is_added() -> None:
    output = PORT_TAKEN.replace(": Address already in use.", "", 1)
    assert reason_of_failure(output) == "Socket server failed to bind to 127.0.0.1:19999: Address already in use"


def test_without_an_exception_it_is_the_last_error_that_was_logged() -> None:
    output = "[2026-11-23 14:41:10,300] ERROR Shutdown broker because all log dirs have failed (kafka.log.LogManager)\n"
    assert reason_of_failure(output) == "Shutdown broker because all log dirs have failed"


def test_what_the_launcher_prints_after_the_reason_is_left_out() -> None:
    assert reason_of_failure(UNKNOWN_OPTION) == "Unrecognized option: -Xnonsense"


def test_else_it_is_the_last_line_that_the_jvm_printed() -> None:
    output = "OpenJDK 64-Bit Server VM warning\nError: Could not find or load main class kafka.Kafka\n\n"
    assert reason_of_failure(output) == "Error: Could not find or load main class kafka.Kafka"
    assert reason_of_failure("") == "it printed nothing"
