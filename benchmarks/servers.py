"""The servers, as data: how each is installed and started, and what it cannot do.

Starts nothing (processes.py does). To add one: a row here.
"""

import shlex
from dataclasses import dataclass, field

from benchmarks.scenarios import SCENARIOS, Scenario

OWN, PEERS, SYSTEM = "own", "peers", "system"  # whose programs: this interpreter's, the peers' environment's, installed

# --timeout 0: a paused worker gives no sign of life, and the arbiter would replace it once both are resumed.
# --no-control-socket: several arbiters stand side by side.
GUNICORN = (
    "{python} -m gunicorn -b 127.0.0.1:{port} -w {workers} --backlog 2048 --worker-connections 20000 --timeout 0 "
    "--keep-alive {keep_alive} --no-control-socket --log-level warning")
GUNICORN_TLS = "--certfile {certificate} --keyfile {certificate}"
NO_APP = "serves no ASGI app"
NO_HTTP = "is here for its WebSocket"
NO_DEFLATE = {each.name: "has no permessage-deflate" for each in SCENARIOS.values() if each.deflate}
UVICORNS = dict.fromkeys(
    (each.name for each in SCENARIOS.values() if each.websocket),
    "uvicorn's WebSocket is uvicorn-websockets, uvicorn-sansio and uvicorn-wsproto")
UVICORN = (
    "{bin}/uvicorn --port {port} --workers {workers} --loop uvloop --http httptools --backlog 2048 --log-level warning "
    "--timeout-keep-alive {keep_alive} {app}")


@dataclass(frozen=True)
class Server:
    """One server, with one worker where a scenario does not ask for more.

    command: as a shell would read it. Filled in are {python}, {bin}, {port}, {workers}, {app} ("{module}:{function}"),
    {keep_alive} (seconds), {keep_alive_ms}, {certificate} (a PEM file with key and certificate), {floor}, and nginx's
    {configuration}.
    environment: OWN, PEERS or SYSTEM. requirements: the distributions (SYSTEM: Debian packages) that it is made of;
    those of PEERS are installed by the suite.
    tls, access_log: further words that switch it on, to standard output. None: it cannot.
    no_access_log: further words that switch it off.
    websocket, no_websocket: likewise. only_websocket: it joins no other scenario.
    lacks: by scenario, why it cannot take part.
    is_floor: no server for apps, but what the machine costs anyway; it joins where a scenario says so.
    note: where it is not as the others are, or not as its documentation advises, for who reads the figures.
    """

    name: str
    title: str
    command: str
    environment: str = PEERS
    requirements: tuple[str, ...] = ()
    tls: str | None = None
    access_log: str | None = None
    no_access_log: str = ""
    websocket: str | None = None
    no_websocket: str = ""
    only_websocket: bool = False
    lacks: dict[str, str] = field(default_factory=dict)
    is_floor: bool = False
    note: str = ""

    def words(self, scenario, **values):
        """The command line for `scenario`, as a list; `values` fill in what is in braces."""
        template = self.command
        if scenario.tls:
            template += " " + self.tls
        template += " " + (self.access_log if scenario.access_log else self.no_access_log)
        template += " " + (self.websocket if scenario.websocket else self.no_websocket)
        module, function = scenario.app.split(":")
        values |= {
            "app": scenario.app, "module": module, "function": function, "floor": scenario.floor,
            "workers": scenario.workers,
            "keep_alive": scenario.keep_alive, "keep_alive_ms": scenario.keep_alive * 1000,
        }
        return [word.format(**values) for word in shlex.split(template)]

    def as_told(self):
        """The command line for a reader: without this machine's folders."""
        words = self.words(Scenario("", ""), python="python", bin="bin", port=8000, configuration="nginx.conf")
        return shlex.join(words).removeprefix("bin/")

    def reason_against(self, scenario):
        """Why it cannot take part in `scenario`, or None."""
        if scenario.name in self.lacks:
            return self.lacks[scenario.name]
        if self.is_floor and self.name not in scenario.floors:
            return NO_APP
        if self.only_websocket and not scenario.websocket:
            return NO_HTTP
        if scenario.websocket and self.websocket is None:
            return "has no WebSocket"
        if scenario.tls and self.tls is None:
            return "has no TLS"
        if scenario.access_log and self.access_log is None:
            return "has no access log"
        if scenario.workers > 1 and "{workers}" not in self.command:
            return "has one worker"
        return None


SERVERS = {server.name: server for server in (
    Server(
        "fastsrv", "fastsrv",
        GUNICORN + " -k fastsrv.Worker {app}", environment=OWN,
        requirements=("fastsrv", "gunicorn", "uvloop", "httptools"),
        tls=GUNICORN_TLS, access_log="--access-logfile -", websocket=""),
    Server(
        "uvicorn", "uvicorn (httptools, uvloop)", UVICORN,
        requirements=("uvicorn", "uvloop", "httptools"),
        tls="--ssl-certfile {certificate} --ssl-keyfile {certificate}",
        access_log="--access-log --log-level info", no_access_log="--no-access-log",
        no_websocket="--ws none", lacks=UVICORNS),
    Server(
        "uvicorn-worker", "uvicorn under gunicorn",
        GUNICORN + " -k uvicorn_worker.UvicornWorker {app}",
        requirements=("gunicorn", "uvicorn", "uvicorn-worker", "uvloop", "httptools"),
        tls=GUNICORN_TLS, access_log="--access-logfile - --log-level info", lacks=UVICORNS),
    Server(
        "uvicorn-websockets", "uvicorn, WebSocket by websockets", UVICORN + " --no-access-log --ws websockets",
        requirements=("uvicorn", "uvloop", "httptools", "websockets"), websocket="", only_websocket=True),
    Server(
        "uvicorn-sansio", "uvicorn, WebSocket by websockets-sansio",
        UVICORN + " --no-access-log --ws websockets-sansio",
        requirements=("uvicorn", "uvloop", "httptools", "websockets"), websocket="", only_websocket=True),
    Server(
        "uvicorn-wsproto", "uvicorn, WebSocket by wsproto", UVICORN + " --no-access-log --ws wsproto",
        requirements=("uvicorn", "uvloop", "httptools", "wsproto"), websocket="", only_websocket=True),
    Server(
        "gunicorn-asgi", "gunicorn's asgi worker",
        GUNICORN + " -k asgi --asgi-loop uvloop {app}",
        # Not gunicorn[fast], a parser in C: gunicorn 27 wants gunicorn_h1c 0.6.14, and where an index has it not, pip
        # chooses gunicorn 26.2, which closes no idle connection. (27 with 0.6.9 breaks uploads of 1 MB.)
        requirements=("gunicorn", "uvloop"),
        note="without its optional parser in C, gunicorn_h1c: an index may not have the version that it wants",
        tls=GUNICORN_TLS, access_log="--access-logfile -", websocket="", lacks=NO_DEFLATE),
    Server(
        # Its backpressure bounds the open connections.
        "granian", "granian",
        "{bin}/granian --port {port} --interface asgi --http 1 --workers {workers} --runtime-threads 1 --loop uvloop "
        "--backlog 2048 --backpressure 20000 --http1-header-read-timeout {keep_alive_ms} --log-level warning {app}",
        requirements=("granian[uvloop]",),
        tls="--ssl-certificate {certificate} --ssl-keyfile {certificate}",
        access_log="--access-log --log-level info", websocket="--ws", no_websocket="--no-ws", lacks=NO_DEFLATE),
    Server(
        "hypercorn", "hypercorn (uvloop)",
        "{bin}/hypercorn -b 127.0.0.1:{port} -w {workers} -k uvloop --backlog 2048 --keep-alive {keep_alive} "
        "--log-level warning {app}",
        requirements=("hypercorn", "uvloop", "wsproto"),
        note="closes each connection after a thousand requests, which no option of its command changes",
        tls="--certfile {certificate} --keyfile {certificate}",
        access_log="--access-logfile -", websocket="",
        lacks={"reload": "does not hear HUP"}),
    Server(
        "daphne", "daphne (asyncio)",
        "{bin}/daphne -b 127.0.0.1 -p {port} -v 0 {app}",
        requirements=("daphne", "twisted", "autobahn"), websocket="", only_websocket=True, lacks=NO_DEFLATE),
    Server(
        "freastal", "freastal",
        # It has no command line.
        "{python} -c 'import sys, freastal, {module}; freastal.serve_asgi({module}.{function}, \"127.0.0.1\", {port}, "
        "**dict(zip((\"certfile\", \"keyfile\"), sys.argv[1:])))'",
        requirements=("freastal",),
        tls="{certificate} {certificate}",
        lacks={
            "upload-1m": "0.0.3 resets a connection whose request is larger than 16 KiB",
            **dict.fromkeys(("stream-1m", "events"), "0.0.3 sends no more than the first piece of a response"),
            **dict.fromkeys(("race", "race-blocking"), "0.0.3 has no keep-alive limit"),
        }),
    Server(
        "bare", "bare uvloop protocol",
        "{python} -m benchmarks.floors {floor} --port {port}", environment=OWN, is_floor=True,
        requirements=("uvloop",),
        tls="--certificate {certificate}"),
    Server(
        "bare-task", "the same, with an app in an asyncio task",
        "{python} -m benchmarks.floors task --port {port}", environment=OWN, is_floor=True,
        requirements=("uvloop",)),
    Server(
        "nginx", "nginx",
        "{bin}/nginx -c {configuration}", environment=SYSTEM, is_floor=True,
        requirements=("nginx-light",),
        tls=""),  # its configuration says it
    Server(
        "picows", "picows' own API on uvloop",
        "{python} -m benchmarks.floors {floor} --port {port}", is_floor=True,
        requirements=("picows", "aiofastnet", "uvloop"), websocket="", lacks=NO_DEFLATE),
)}

QUICK = ("fastsrv", "uvicorn", "granian", "bare")
