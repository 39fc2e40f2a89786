"""The ways in which clients come to a server that restarts: directly, or through a proxy; by a socket of whose."""

import contextlib
import http.client
import sys
from pathlib import Path

from benchmarks.processes import held_port
from benchmarks.servers import OWN
from tests.restarts.service import Service
from tests.support.deployed import DeployedHaproxy
from tests.support.proxies import Haproxy, Nginx
from tests.support.servers import PATIENCE

DIRECT, HAPROXY, NGINX, UNIX, SOCKET, UNIT, TWO = (
    "direct", "haproxy", "nginx", "nginx, UNIX socket", "direct, systemd's socket", "direct, systemd's unit",
    "haproxy, two machines")
HOLDS = {
    SOCKET: ("systemd-socket-activate", "-E", "PYTHONPATH", "-l"),  # starts a service once
    UNIT: (sys.executable, str(Path(__file__).parent / "systemd.py")),  # and again when it has ended
}
DELAY = 2  # seconds; several of haproxy's checks


@contextlib.contextmanager
def served(server, way, folder, words):
    """A Service, or Machines, and the port that clients come to. words: further ones of the server's command."""
    if way == TWO:
        with Machines(server, folder, words) as machines:
            yield machines, machines.port
    else:
        with Service(server, folder / "service", *words, unix=way == UNIX, holds=HOLDS.get(way, ())) as service:
            with in_front(way, folder, service.address) as proxy:
                yield service, proxy.port if proxy else service.port


def in_front(way, folder, address):
    """A proxy, or a context of None."""
    if way == HAPROXY:
        return Haproxy(folder, address)
    if way in (NGINX, UNIX):
        return Nginx(folder, address)  # which asks nobody again: that would hide what we lose
    return contextlib.nullcontext()


class Machines:
    """Two with a `server` each, behind haproxy as deploy/haproxy.cfg has it, from `with` to its end. `port` is
    haproxy's, whose clients come without TLS.

    Ours are asked for /readyz at their admin address, and told of clients by the PROXY protocol; the others have no
    such address, and are asked for / where they serve.
    """

    def __init__(self, server, folder, words):
        is_ours = server.environment == OWN
        self.held = contextlib.ExitStack()
        admins = [self.held.enter_context(held_port()) for _ in range(2)]
        self.services = []
        for number, admin in enumerate(admins):
            file = folder / f"{number}.conf.py"
            file.write_text(f'fastsrv_admin_bind = "127.0.0.1:{admin}"\nfastsrv_shutdown_delay = {DELAY}\n')
            ours = ("--config", str(file), "--proxy-protocol", "v2") if is_ours else ()
            self.services.append(Service(server, folder / str(number), *words, *ours))
        ports = [service.port for service in self.services]
        self.haproxy = DeployedHaproxy(folder, *zip(ports, admins if is_ours else ports, strict=True))
        lines = self.haproxy.config.splitlines()
        self.haproxy.config = "\n".join(line.partition(" ssl crt ")[0] for line in lines) + "\n"
        if not is_ours:
            self.haproxy.config = self.haproxy.config.replace(" send-proxy-v2-ssl", "").replace("/readyz", "/")
        self.port = self.haproxy.port
        self.open = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            for each in (*self.services, self.haproxy):
                undo.enter_context(each)
            self.open = undo.pop_all()
        return self

    def __exit__(self, *failure):
        self.open.close()
        self.held.close()

    def both_serve(self):
        """Wait until haproxy has answers from both."""
        for service in self.services:
            service.until(lambda service=service: self.answered_by() in service.workers)

    def answered_by(self):
        """The process that answers a request; None: there was another answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/")
            response = connection.getresponse()
            return int(response.read()) if response.status == 200 else None
