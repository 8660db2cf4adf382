"""A connection to Kafka's Admin API that reports which address failed, and why."""

import re
import time

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from darkroom.kafka.connection import ClientSettings
from darkroom.kafka.errors import KafkaUnreachable

CONNECT_S = 7.0
"""How long Kafka may take to respond to the first request."""
FAIL_FAST_S = 2.0
"""The connection has failed if every address has failed for this long."""
_POLL_S = 0.1
_SETTINGS: ClientSettings = {"socket.connection.setup.timeout.ms": 5_000, "log_level": 0}

# Such as "sasl_ssl://b1:9093/bootstrap: SASL authentication error: ... (after 302ms in state AUTH_REQ)".
_LIBRDKAFKA_ERROR = re.compile(
    r"^(?:\w+://)?(?P<address>\S+?)/(?:bootstrap|\d+): (?P<what>.*?)(?: \(after \d+ms in state (?P<state>\w+)\))?$",
    re.DOTALL,
)


class ConnectionErrors:
    """The latest error of each address, as librdkafka reports them."""

    def __init__(self) -> None:
        self._errors: dict[str, str] = {}

    def add(self, error: KafkaError) -> None:
        """Record an error that librdkafka passes to `error_cb`."""
        found = _LIBRDKAFKA_ERROR.match(error.str())
        if found is not None:
            self._errors[found["address"]] = _explain(error, found["what"], found["state"])

    def __len__(self) -> int:
        """The number of addresses with an error."""
        return len(self._errors)

    def __str__(self) -> str:
        return "; ".join(f"{address}: {what}" for address, what in sorted(self._errors.items()))


class AdminConnection:
    """An Admin client and the errors of its connections."""

    def __init__(self, settings: ClientSettings) -> None:
        """Create the client; connections are made in the background.

        Raises:
            KafkaException: the settings are wrong, for example a certificate that is not in PEM format.
        """
        self._servers = str(settings["bootstrap.servers"]).split(",")
        self._errors = ConnectionErrors()
        self.client = AdminClient(
            {**settings, **_SETTINGS, "error_cb": self._errors.add}  # type: ignore[dict-item]  # the stub has no callbacks
        )

    def wait_until_connected(self) -> None:
        """Wait until Kafka has responded to a request.

        Raises:
            KafkaUnreachable: no address can be connected to, or no broker responded in time.
            KafkaException: Kafka refused the request.
        """
        started = time.monotonic()
        answer = self.client.describe_cluster(request_timeout=CONNECT_S)
        while not answer.done():
            self.client.poll(_POLL_S)
            elapsed_s = time.monotonic() - started
            has_failed = elapsed_s > FAIL_FAST_S and len(self._errors) >= len(self._servers)
            if has_failed or elapsed_s > CONNECT_S:
                raise KafkaUnreachable(self.problem())
        error = answer.exception()
        if isinstance(error, KafkaException) and error.args[0].code() < 0:  # a code of librdkafka, not of the broker
            raise KafkaUnreachable(self.problem()) from error
        if error is not None:
            raise error

    def has_errors(self) -> bool:
        """Whether the connection to any address has failed."""
        self.client.poll(0)
        return len(self._errors) > 0

    def problem(self) -> str:
        """Why there is no response: the errors of the addresses, if there are any."""
        if self.has_errors():
            return f"Kafka cannot be reached: {self._errors}"
        servers = ",".join(self._servers)
        return f"no Kafka broker responds at {servers}: check the address, TLS and login settings, and network policies"


def _explain(error: KafkaError, what: str, state: str | None) -> str:
    match error.code():
        case KafkaError._RESOLVE:  # noqa: SLF001 - it has no other name
            return "the host name cannot be resolved"
        case KafkaError._AUTHENTICATION:  # noqa: SLF001
            return f"login failed: {what}"
        case KafkaError._SSL:  # noqa: SLF001
            return f"TLS failed: {what}"
    if "Connection refused" in what:
        return "connection refused"
    # A listener without TLS may respond to the handshake with an error, or close or reset the connection. A listener
    # that refuses the client's certificate sends an alert after the handshake.
    if state == "SSL_HANDSHAKE" or "SSL" in what:
        return f"TLS failed: {what}"
    return what
