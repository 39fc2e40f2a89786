"""What a request goes by: its X-Request-ID and its traceparent (W3C Trace Context), a trusted proxy's, or made here.

Knows no logger and no connection: fastsrv_ext/http1/pipeline.pyx calls identify() for each request, if
fastsrv_request_id asks for it. docs/LOGS.md tells where applications and logs find them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from fastsrv_ext.asgi.call import Call

EXTENSION = "fastsrv.request"  # the key of scope["extensions"]
# What UUIDs, ULIDs, base64 and the usual proxies need; Heroku takes up to 200. Nothing that would have to be escaped
# in a log, a shell or a URL's path.
REQUEST_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,200}")
# Trace Context, 3.2.2: version ff is none, and neither is an id of zeros. A later version may say more behind a dash.
TRACEPARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-[!-~]*)?")
BITS = 128 + 64  # of the two ids of a traceparent
NO_ZEROS = 1 << 64 | 1  # a bit of each, as neither may be all zeros
FLAGS = "03"  # of what is made here: sampled, as the log has it; all of the trace id is random (level 2)


def identify_by(wanted: str, trusts: Callable[[Any], bool]) -> Callable[[Call], None] | None:
    """Callbacks.identify, as fastsrv_request_id has `wanted` it: "off", "log", "answer"."""
    return None if wanted == "off" else Identity(trusts, answers=wanted == "answer").identify


class Identity:
    """trusts(peer) -> is it a proxy that may say who its requests are? peer: Call.client. answers: whether the answer
    says X-Request-ID."""

    def __init__(self, trusts: Callable[[Any], bool], *, answers: bool) -> None:
        self.trusts = trusts
        self.answers = answers
        self.numbers = random.Random()  # seeded by the system, in each worker; an id is no secret

    def identify(self, call: Call) -> None:
        """Set what `call` goes by, for the log and for the app, if it has a scope."""
        said, traced = call.head.values(b"x-request-id"), call.head.values(b"traceparent")
        traceparent = trace_id = request_id = None
        if (said or traced) and self.trusts(call.client):
            if len(traced) == 1:
                found = TRACEPARENT.fullmatch(traced[0])
                if found is not None and not (found["more"] and traced[0].startswith(b"00")):
                    traceparent, trace_id = traced[0].decode("latin-1"), found["trace"].decode()
            if len(said) == 1 and REQUEST_ID.fullmatch(said[0]):
                request_id = said[0].decode()
        if traceparent is None or trace_id is None:
            digits = f"{self.numbers.getrandbits(BITS) | NO_ZEROS:0{BITS // 4}x}"
            trace_id = digits[:32]
            traceparent = f"00-{trace_id}-{digits[32:]}-{FLAGS}"
        call.request_id = trace_id if request_id is None else request_id
        call.trace_id = trace_id
        if self.answers:
            call.answers_with(f"x-request-id: {call.request_id}\r\n".encode())
        if call.scope is not None:
            call.scope.setdefault("extensions", {})[EXTENSION] = {
                "request_id": call.request_id, "trace_id": trace_id, "traceparent": traceparent}
