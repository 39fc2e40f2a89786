"""A line of the error log for each request that takes long, with where the time went: fastsrv_slow_request.

Decides nothing of how many of them are logged (seldom.py does). fastsrv/server.py makes one, if the setting is on.
"""

from __future__ import annotations

from collections.abc import Callable

from fastsrv_ext.asgi.call import Call


class SlowRequests:
    """limit: seconds from the call of the app to its complete answer, or to its end. warn: as Seldom.warn(). then: what
    else is told of requests, or None."""

    def __init__(self, limit: float, warn: Callable[..., object], then: Callable[[Call], object] | None) -> None:
        self.limit = limit
        self.warn = warn
        self.then = then

    def tell(self, call: Call) -> None:
        """In the place of Callbacks.finished. A WebSocket lasts as long as it is wanted, and is not told of."""
        if call.took > self.limit and not call.is_websocket():
            self.warn("slow_request", "%s", line_of(call), size=call.took)
        if self.then is not None:
            self.then(call)


def line_of(call: Call) -> str:
    waited = min(call.waited_for_client(), call.took)  # the one is counted in ticks
    at_first = f"{call.first_byte:.3f} s until the answer began" if call.first_byte else "no answer had begun"
    host = call.client[0] if call.client else "a local socket"
    return (
        f"Slow: {call.describe()} took {call.took:.3f} s, {at_first}, {waited:.3f} s of waiting for the client. "
        f"Status {call.status}, {call.received} bytes received, {call.sent} sent, {host}")
