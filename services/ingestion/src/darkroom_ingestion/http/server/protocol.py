"""A connection: uvicorn's protocol with limits for request heads, and requests that are handled without a task."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

_MAX_HEAD_BYTES = 96 * 1024
_HEAD_TIMEOUT_S = 15.0
ABORT = "darkroom.abort"
"""Key in the ASGI scope: a function that closes the connection immediately, without sending its buffers."""
ARRIVED = "darkroom.arrived"
"""Key in the ASGI scope: a function that returns the whole body if it has arrived already; else None."""
RESPOND = "darkroom.respond"
"""Key in the ASGI scope: a `RespondInTurn`."""
Respond = Callable[[int, bytes, bytes], object]
"""Sends a whole response: its status, its header lines, and its body."""
RespondInTurn = Callable[[int, bytes, bytes], Awaitable[None]]
"""A `Respond` that waits while the client does not read."""
PassOn = Callable[[], None]
"""Has the application handle a request after all."""
IfGone = Callable[[Callable[[], None]], None]
"""Sets what is called if the client disconnects before the request is responded to or passed on."""
AtOnce = Callable[[dict[str, Any], bytes, Respond, PassOn, IfGone], bool]
"""Handles a request whose body has arrived with its head: its scope and its body. False if it is for the application.

If it returned True, it responds or passes the request on, then or later.
"""
_AT_ONCE = frozenset({"GET", "POST"})
"""The methods of requests for an `AtOnce`."""


class BoundedProtocol(HttpToolsProtocol):
    """A connection with limits for the size and the time of a request's head."""

    _head_bytes = 0
    _in_head = True
    _idle = False
    _head_timer: asyncio.TimerHandle | None = None
    _may_hold = False
    _held: RequestResponseCycle | None = None
    """A request for `at_once`, until its body has arrived or the data received ends."""
    _if_gone: Callable[[], None] | None = None
    ended: Callable[[], None] | None = None
    """Called when the connection has ended."""
    at_once: AtOnce | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        self._idle = False
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._held is not None:
            held, self._held = self._held, None
            self._start(held, self.app)
        if self._in_head and not self._idle and self._head_timer is None:
            self._await_head()
        # The bytes may belong to a body as well; only an unfinished head counts.
        if self._in_head and self._head_bytes > _MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        """A request has started."""
        self._in_head, self._idle, self._head_bytes = True, False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The request's head is complete."""
        self._in_head = False
        self._stop_waiting()
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]
        self._may_hold = self.at_once is not None
        super().on_headers_complete()
        self._may_hold = False

    def on_body(self, body: bytes) -> None:
        """A part of a body has arrived."""
        cycle = self.cycle
        if cycle.body or cycle.response_complete:
            super().on_body(body)
            return
        # uvicorn appends it to a bytearray, and copies that again when it is read.
        cycle.body = body  # type: ignore[assignment]
        if len(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request's body is complete: the next head may follow."""
        super().on_message_complete()
        self._in_head, self._idle, self._head_bytes = True, True, 0
        if (held := self._held) is not None:
            self._held = None
            if not self._handles_at_once(held):
                self._start(held, self.app)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has disconnected."""
        self._stop_waiting()
        super().connection_lost(exc)
        if (if_gone := self._if_gone) is not None:
            self._if_gone = None
            if_gone()
        if self.ended is not None:
            self.ended()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """A request's turn has come."""
        if self._may_hold and app is self.app and cycle.scope["method"] in _AT_ONCE:
            self._held = cycle
        else:
            self._start(cycle, app)

    def _start(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope[ARRIVED] = partial(_arrived, cycle)  # type: ignore[literal-required]
        cycle.scope[RESPOND] = partial(_respond_in_turn, cycle)  # type: ignore[literal-required]
        super()._start_asgi_task(cycle, app)

    def _handles_at_once(self, cycle: RequestResponseCycle) -> bool:
        if self.at_once is None or cycle.flow.write_paused:
            return False
        scope, body = cast("dict[str, Any]", cycle.scope), bytes(cycle.body)
        respond, pass_on = partial(self._respond_at_once, cycle), partial(self._pass_on, cycle)
        return self.at_once(scope, body, respond, pass_on, self._set_if_gone)

    def _respond_at_once(self, cycle: RequestResponseCycle, status: int, headers: bytes, body: bytes) -> None:
        self._if_gone = None
        _respond(cycle, status, headers, body)
        # It refers to the connection, which refers to the cycle; uvicorn does so after a task.
        cycle.on_response = _nothing

    def _pass_on(self, cycle: RequestResponseCycle) -> None:
        self._if_gone = None
        self._start(cycle, self.app)

    def _set_if_gone(self, if_gone: Callable[[], None]) -> None:
        self._if_gone = if_gone

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(_HEAD_TIMEOUT_S, self._refuse, 408)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()


def _arrived(cycle: RequestResponseCycle) -> bytes | None:
    """The whole body if it has arrived already. `cycle.receive` would not return it again."""
    if cycle.more_body or cycle.disconnected:
        return None
    body, cycle.body = bytes(cycle.body), bytearray()
    return body


async def _respond_in_turn(cycle: RequestResponseCycle, status: int, headers: bytes, body: bytes) -> None:
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    _respond(cycle, status, headers, body)


def _nothing() -> None:
    pass


def _respond(cycle: RequestResponseCycle, status: int, headers: bytes, body: bytes) -> None:
    """Send a whole response in one write, as `cycle.send` does in two, after it has checked every header.

    Args:
        cycle: the request.
        status: the status code.
        headers: lines, each with its line end, without Content-Length.
        body: not empty.
    """
    if cycle.disconnected:
        return
    cycle.response_started = cycle.response_complete = True
    head = [STATUS_LINE[status], headers, b"content-length: %d\r\n" % len(body)]
    for name, value in cycle.default_headers:
        head += (name, b": ", value, b"\r\n")
    if not cycle.keep_alive:
        head.append(b"connection: close\r\n")
    cycle.transport.write(b"".join((*head, b"\r\n", body)))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
