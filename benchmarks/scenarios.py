"""The scenarios, as data: what is asked of each server, by which load, and what of it is compared.

Starts nothing and measures nothing (measure.py does).
"""

from dataclasses import dataclass

from benchmarks.apps import KIBIBYTE, MEBIBYTE

PLAIN = len("Hello, World!")  # bytes of most bodies
BOTH = ("bare", "nginx")  # the floors that call no app
ALL = (*BOTH, "bare-task")
KEEP_ALIVE = 60  # seconds; longer than any run
RACE_KEEP_ALIVE = 1  # second; the shortest that every server can be set to

# What Chrome sends for a page: eleven fields, Host included (which wrk adds).
BROWSER = (
    "Connection: keep-alive",
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
    "sec-ch-ua-mobile: ?0",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: navigate",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en-US;q=0.9,en;q=0.8",
    "Cookie: session=5f2b8c1e9a7d4036b1c2d3e4f5a69788; theme=dark",
)


@dataclass(frozen=True)
class Scenario:
    """One row of the comparison.

    metric: the figure of a sample that is compared, "cpu", "message" (CPU, too), "memory", "start", "lost", "share",
    "p99" or "stall".
    app: what ASGI servers serve, "module:name". floors: those that take part; floor: what bare or picows then does, a
    name that floors.py knows.
    load: "wrk", "start", or a module of benchmarks.load. connections: how many, at once.
    workers: processes of the server that call the app.
    answer: length of the body that a right answer has, in bytes; None: any (a stream without an end).
    upload: bytes of each request's body. pipelined: requests sent at once. fields: header fields of each request.
    message: bytes of each message of a WebSocket, which is what the app then serves; 0: HTTP. binary: rather than text.
    deflate: permessage-deflate is offered, and has to be agreed to.
    rounds: at most so many are worth their time; None: as many as the run has.
    lasts: so many times the run's seconds, where few answers a second would make the p99 one of three or four.
    """

    name: str
    title: str
    app: str = "benchmarks.apps:plain"
    metric: str = "cpu"
    load: str = "wrk"
    connections: int = 64
    workers: int = 1
    answer: int | None = PLAIN
    floors: tuple[str, ...] = ()
    floor: str = "constant"
    upload: int = 0
    pipelined: int = 1
    fields: tuple[str, ...] = ()
    message: int = 0
    binary: bool = False
    deflate: bool = False
    tls: bool = False
    access_log: bool = False
    keep_alive: int = KEEP_ALIVE
    rounds: int | None = None
    lasts: int = 1

    @property
    def fresh(self):
        """Whether each sample needs a server that has just been started. Who looks after several workers takes those
        for dead that have been paused."""
        return self.metric in ("memory", "start") or self.workers > 1

    @property
    def websocket(self):
        return self.message > 0


def websocket(name, title, message, **more):
    """The row of an echo, unless more says otherwise."""
    echo = {"app": "benchmarks.apps:echo", "metric": "message", "load": "websocket", "connections": 32,
            "floors": ("picows",), "floor": "echo"}
    return Scenario(name, title, message=message, **echo | more)


SCENARIOS = {scenario.name: scenario for scenario in (
    Scenario("plain-1", "plain text, 1 connection", connections=1, floors=BOTH),
    Scenario("plain-64", "plain text, 64 connections", floors=ALL),
    Scenario("plain-1000", "plain text, 1,000 connections", connections=1000, floors=ALL),
    Scenario("browser-64", "a browser's header fields", fields=BROWSER, floors=ALL),
    Scenario("json-64", "JSON", app="benchmarks.apps:json", answer=28),
    Scenario("upload-10k", "upload of 10 KB, read whole", app="benchmarks.apps:upload", upload=10 * KIBIBYTE,
             answer=len("10240"), floors=("bare",), floor="count"),
    Scenario("upload-1m", "upload of 1 MB, read whole", app="benchmarks.apps:upload", upload=MEBIBYTE, connections=16,
             answer=len("1048576"), floors=("bare",), floor="count"),
    Scenario("response-1m", "response of 1 MB", app="benchmarks.apps:response_1m", connections=16, answer=MEBIBYTE,
             floors=BOTH, floor="large"),
    Scenario("stream-1m", "chunked response, 16 x 64 KB", app="benchmarks.apps:stream_1m", connections=16,
             answer=MEBIBYTE),
    Scenario("events", "server-sent events, 500 slow clients", app="benchmarks.apps:events", load="events",
             connections=500, answer=None),
    Scenario("pipelined-16", "16 requests pipelined", pipelined=16, floors=BOTH),
    Scenario("close", "a connection a request", fields=("Connection: close",), floors=BOTH, floor="close"),
    Scenario("suspend", "the app yields to the loop once", app="benchmarks.apps:suspend"),
    Scenario("wait-10ms", "the app waits 10 ms, 512 connections", app="benchmarks.apps:wait", connections=512),
    Scenario("access-log", "plain text, access log on", access_log=True),
    Scenario("starlette", "a Starlette route", app="benchmarks.frameworks:starlette", answer=27),
    Scenario("fastapi", "a FastAPI route", app="benchmarks.frameworks:fastapi", answer=27),
    Scenario("tls", "plain text over TLS", tls=True, floors=BOTH),
    Scenario("idle", "memory of an idle connection, of 5,000", metric="memory", load="idle", connections=5000,
             floors=BOTH),
    Scenario("start", "start-up, to the first answer", metric="start", load="start"),
    Scenario("race", "keep-alive race, lost of 10,000", metric="lost", load="race", connections=1000,
             keep_alive=RACE_KEEP_ALIVE, rounds=1),
    Scenario("race-blocking", "the same with an app that blocks the loop", app="benchmarks.apps:blocking",
             metric="lost", load="race", connections=1000, keep_alive=RACE_KEEP_ALIVE, rounds=1),
    Scenario("share", "share of 200 connections, 4 workers", app="benchmarks.apps:who", metric="share",
             load="share", connections=200, workers=4, answer=None),
    Scenario("busy-4", "5 ms of CPU a request, 4 workers", app="benchmarks.apps:busy", metric="p99", connections=32,
             workers=4, lasts=4),
    Scenario("reload", "HUP, an app that starts in 3 s, 2 workers", app="benchmarks.apps:slow_start", metric="stall",
             load="reload", connections=8, workers=2, answer=None),
    websocket("ws-64", "WebSocket echo, 64 bytes of text", 64),
    websocket("ws-4k", "WebSocket echo, 4 KB of text", 4 * KIBIBYTE),
    websocket("ws-64k", "WebSocket echo, 64 KB, binary", 64 * KIBIBYTE, binary=True),
    websocket("ws-deflate-4k", "WebSocket echo, 4 KB of text, deflated", 4 * KIBIBYTE, deflate=True, floors=()),
    websocket("ws-broadcast", "WebSocket broadcast to 1,000 clients", 64, app="benchmarks.apps:broadcast",
              load="broadcast", connections=1000, floor="broadcast"),
    websocket("ws-idle", "memory of an idle WebSocket, of 2,000", 64, metric="memory", connections=2000),
)}

QUICK = ("plain-64", "browser-64", "json-64", "upload-10k", "response-1m", "pipelined-16", "close", "idle")
