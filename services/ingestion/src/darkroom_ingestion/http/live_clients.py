"""Limits for clients of the live feed, whose connections stay open for hours."""

from collections import Counter

from darkroom_ingestion.http.problems import HttpProblem, unavailable

MOST_LIVE_CLIENTS = 2_048
"""Half of the server's connections, so that the other half is left for requests."""


class LiveClients:
    """Counts the clients of the live feed, by address. Used from the event loop only."""

    def __init__(self, per_address: int, total: int = MOST_LIVE_CLIENTS) -> None:
        self._per_address, self._total = per_address, total
        self._clients: Counter[str] = Counter()

    def enter(self, address: str) -> None:
        """Add a client. Call `leave` when it disconnects.

        Raises:
            HttpProblem: 429 or 503: there are too many clients.
        """
        if self._clients[address] >= self._per_address:
            raise HttpProblem(
                429,
                "too-many-live-clients",
                "Too many clients of the live feed",
                f"This address already has {self._per_address} clients (--live-clients-per-address): close one.",
                headers={"Retry-After": "10"},
            )
        if self._clients.total() >= self._total:
            raise unavailable(
                "busy", "Too many clients of the live feed", "The service has reached its limit.", retry_after_s=10
            )
        self._clients[address] += 1

    def leave(self, address: str) -> None:
        """Remove a client."""
        self._clients[address] -= 1
        if not self._clients[address]:
            del self._clients[address]
