"""What deploy/ has, for tests: each file as it is, but for addresses, certificates, folders and the pace of checks."""

import re

from tests.support.proxies import Haproxy, Nginx
from tests.support.servers import ROOT
from tests.support.tls import CERTIFICATE

DEPLOY = ROOT / "deploy"


def taken(name, *replaced):
    """The text of a file of deploy/, with each (pattern, text) put in its place; each has to be there."""
    text = (DEPLOY / name).read_text()
    for pattern, instead in replaced:
        text, count = re.subn(pattern, str(instead), text)
        assert count, (name, pattern)
    return text


class DeployedNginx(Nginx):
    """backends: one address, by the line of a UNIX socket, "unix:/path", or by the other one, "127.0.0.1:8000"."""

    def configuration(self, backends, more, tls):
        is_unix = backends[0].startswith("unix:")
        upstream = [(r"unix:/run/app\.sock", backends[0])] if is_unix else [
            (r"server unix:", r"# \g<0>"), (r"# server 127\.0\.0\.1:8000", f"server {backends[0]}")]
        return self.with_http(taken(
            "nginx.conf", *upstream, (r"listen 443", f"listen 127.0.0.1:{self.port}"),
            (r"/etc/ssl/app/\w+\.pem", CERTIFICATE)))


class DeployedHaproxy(Haproxy):
    """backends: two, each (port, port of the admin address). Each check comes after a tenth of its time."""

    def configuration(self, backends, more, tls):
        (one, one_admin), (two, two_admin) = backends
        return taken(
            "haproxy.cfg", (r"bind :443", f"bind 127.0.0.1:{self.port}"), (r"/etc/ssl/app/app\.pem", CERTIFICATE),
            (r"10\.0\.0\.11:8000", f"127.0.0.1:{one} port {one_admin}"),
            (r"10\.0\.0\.12:8000", f"127.0.0.1:{two} port {two_admin}"), ("inter 2s", "inter 200ms"),
            ("timeout connect 5s", r"\g<0>\n    timeout check 5s"),  # which is inter else: not on a busy machine
            ("maxconn 10000", "maxconn 500"))
