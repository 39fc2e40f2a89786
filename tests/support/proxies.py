"""nginx and haproxy in front of a server, each in a process of its own, set up as their documentation has it."""

import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.processes import held_port
from tests.support.servers import PATIENCE
from tests.support.tls import CERTIFICATE

GLANCE = 0.02  # seconds between two looks whether it listens


class Proxy:
    """A proxy at 127.0.0.1:`port` from `with` to its end.

    folder: a Path, for its files. backends: addresses, "127.0.0.1:8000". more: lines for its configuration, beside
    those for each request to a backend. tls: clients come over TLS. `config` is the text of the configuration: set it
    before `with` to have another one. A test is skipped where the program is not found; .ci/run installs it.
    """

    def __init__(self, folder, *backends, more="", tls=False):
        self.program = shutil.which(self.name)
        if self.program is None:
            pytest.skip(f"needs {self.name}")
        self.held = ExitStack()
        self.port = self.held.enter_context(held_port())
        self.folder = Path(folder) / f"{self.name}-{self.port}"
        self.folder.mkdir()
        self.file = self.folder / "config"
        self.config = self.configuration(backends, more, tls)

    def __enter__(self):
        self.file.write_text(self.config)
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(self.command(), stdout=output, stderr=subprocess.STDOUT)
        end = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None and time.monotonic() < end, (self.folder / "output").read_text()
            try:
                self.connect().close()
                return self
            except OSError:
                time.sleep(GLANCE)

    def __exit__(self, *failure):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE / 6)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.held.close()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


class Nginx(Proxy):
    """With connections to the backends that are kept, HTTP/1.1, WebSocket, and each request given to one backend only.
    more: lines of its `location`."""

    name = "nginx"

    def configuration(self, backends, more, tls):
        listen = f"127.0.0.1:{self.port}"
        if tls:
            listen += f" ssl; ssl_certificate {CERTIFICATE}; ssl_certificate_key {CERTIFICATE}"
        servers = "".join(f"server {backend}; " for backend in backends)
        return self.with_http(f"""
    client_max_body_size 0;
    upstream backends {{ {servers}keepalive 16; }}
    map $http_upgrade $if_upgraded {{ default upgrade; "" ""; }}
    server {{
        listen {listen};
        location / {{
            proxy_pass http://backends; proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $if_upgraded;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
            proxy_next_upstream off;
            {more}
        }}
    }}
""")

    def with_http(self, lines):
        """A whole configuration, of `lines` within http { }, that stays in its folder and in the foreground."""
        paths = "".join(
            f"{name}_temp_path {self.folder}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""
daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/error_log;
events {{ }}
http {{
    access_log off; {paths}
    {lines}
}}
"""

    def command(self):
        return [self.program, "-p", self.folder, "-e", self.folder / "error_log", "-c", self.file]


class Haproxy(Proxy):
    """With its defaults, WebSocket among them. more: lines of its `defaults`."""

    name = "haproxy"

    def configuration(self, backends, more, tls):
        certificate = f" ssl crt {CERTIFICATE}" if tls else ""
        servers = "".join(f"    server backend{number} {backend}\n" for number, backend in enumerate(backends))
        return f"""
defaults
    mode http
    timeout connect 5s
    timeout client {PATIENCE}s
    timeout server {PATIENCE}s
    option forwardfor
    {more}
listen proxy
    bind 127.0.0.1:{self.port}{certificate}
    http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
    http-request set-header X-Forwarded-Proto http unless {{ ssl_fc }}
{servers}"""

    def command(self):
        return [self.program, "-db", "-q", "-f", self.file]
