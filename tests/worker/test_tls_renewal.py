"""Certificates that are renewed on disk, in a real gunicorn: by their files' time, and by HUP. Look by look, and what
may be wrong with new files: tests/unit/test_tls_renewal.py."""

import os
import signal
import ssl

import pytest

from tests.support.asking import ask, send
from tests.support.authority import certificate, client_context
from tests.support.servers import PATIENCE, read_response
from tests.worker.served import SOURCE
from tests.worker.test_tls import connect

OFTEN = "fastsrv_tls_reload = 0.05\n"
TAKEN_UP = r"\[INFO\] TLS files have changed: new connections use the new ones$"
REFUSED = r"\[ERROR\] Changed TLS files are not taken up: .* does not belong to the certificate of certfile = "
HOOK = """
import ssl
def ssl_context(config, default_ssl_context_factory):
    print("the hook is called", flush=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("tls/tls.crt", "tls/tls.key")
    return context
"""


class Secret:
    """A folder "tls" with a certificate and its key, as Kubernetes mounts a secret: its files lead over a symbolic link
    that is replaced in one go. options: gunicorn's."""

    options = "--certfile", "tls/tls.crt", "--keyfile", "tls/tls.key"

    def __init__(self, folder):
        self.folder = folder / "tls"
        self.folder.mkdir()
        self.versions = 0
        for name in ("tls.crt", "tls.key"):
            (self.folder / name).symlink_to(f"..data/{name}")
        self.pem = self.swap()

    def swap(self):
        """Another version, and its certificate in PEM."""
        made = certificate()
        self.versions += 1
        version = self.folder / f"..{self.versions}"
        version.mkdir()
        (version / "tls.crt").write_text("".join(made.chain))
        (version / "tls.key").write_text(made.key)
        (self.folder / "new").symlink_to(version.name)
        os.replace(self.folder / "new", self.folder / "..data")
        self.pem = made.pem
        return made.pem

    def write(self, made, name):
        """In place of the file of this version, as others renew; whole, as the worker may look in that moment."""
        file = (self.folder / name).resolve()
        new = file.with_suffix(".new")
        new.write_text(made.key if name == "tls.key" else "".join(made.chain))
        os.replace(new, file)


@pytest.fixture
def secret(tmp_path):
    return Secret(tmp_path)


def shown(server, context=None):
    """The certificate, in PEM, that a new connection is shown, which is served."""
    with connect(server, context or client_context()) as connection:
        assert ask(connection).status == 200
        return ssl.DER_cert_to_PEM_cert(connection.getpeercert(True))


@pytest.mark.parametrize("hook", ["", HOOK], ids=["certfile", "ssl_context"])
def test_renewed_certificate_is_taken_up_and_no_connection_dropped(gunicorn, secret, hook):
    server = gunicorn(SOURCE, *secret.options, config=OFTEN + "keepalive = 60\n" + hook)
    first, pid = secret.pem, str(server.worker()).encode()
    with connect(server, client_context()) as idle, connect(server, client_context()) as busy:
        assert ask(idle).body == pid
        send(busy, "/wait", "Content-Length: 1", method="POST")
        server.wait_for("a request waits")
        assert shown(server) == first
        second = secret.swap()
        server.wait_for(TAKEN_UP)
        assert shown(server) == second != first
        assert ask(idle).body == pid
        busy.sendall(b"x")
        assert read_response(busy).body == b"waited"
        third = secret.swap()
        server.wait_for(TAKEN_UP, 2)
        assert shown(server) == third
        assert ask(idle).body == ask(busy).body == pid
    if hook:
        server.wait_for("the hook is called", 3)
    assert "ERROR" not in server.output


def test_each_worker_takes_it_up(gunicorn, secret):
    server = gunicorn(SOURCE, *secret.options, "--workers", "2", config=OFTEN)
    server.wait_for("Ready after", 2)
    secret.swap()
    server.wait_for(TAKEN_UP, 2)
    assert shown(server) == secret.pem


def test_half_a_pair_is_told_of_and_tried_again(gunicorn, secret):
    server = gunicorn(SOURCE, *secret.options, config=OFTEN)
    first = shown(server)
    made = certificate()
    secret.write(made, "tls.crt")
    server.wait_for(REFUSED)
    assert shown(server) == first
    secret.write(made, "tls.key")
    server.wait_for(TAKEN_UP)
    assert shown(server) == made.pem
    assert server.output.count("[ERROR]") == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_with_a_session_from_before_is_served(gunicorn, secret, version):
    server = gunicorn(SOURCE, *secret.options, config=OFTEN)
    context = client_context(maximum_version=version)

    def resume(session):
        with context.wrap_socket(server.connect(), server_hostname="localhost", session=session) as connection:
            assert ask(connection).status == 200
            return connection.session_reused, connection.session

    _, session = resume(None)
    reused, session = resume(session)
    assert reused
    secret.swap()
    server.wait_for(TAKEN_UP)
    reused, session = resume(session)  # a handshake of its own, in which the new certificate is seen
    assert not reused
    assert resume(session)[0]


def test_switched_off_it_waits_for_a_reload(gunicorn, secret):
    server = gunicorn(SOURCE, *secret.options, config="fastsrv_tls_reload = 'off'\n")
    first, pid = shown(server), server.worker()
    second = secret.swap()
    with connect(server, client_context()) as busy:
        send(busy, "/wait", "Content-Length: 1", method="POST")
        server.wait_for("a request waits")
        assert shown(server) == first
        server.signal(signal.SIGHUP)
        server.wait_for("Ready after", 2)
        busy.sendall(b"x")
        assert read_response(busy).body == b"waited"
    server.wait_for(rf"Worker exiting \(pid: {pid}\)")  # until then it may accept
    assert shown(server) == second
    assert "ERROR" not in server.output


@pytest.mark.parametrize("broken", ["tls.crt", "tls.key"])
def test_reload_onto_files_that_do_not_fit_lets_the_old_worker_serve_on(gunicorn, secret, broken):
    server = gunicorn(SOURCE, *secret.options, config="fastsrv_tls_reload = 'off'\n")
    first, pid = shown(server), str(server.worker()).encode()
    made = certificate()
    secret.write(made, broken)
    with connect(server, client_context()) as idle:
        assert ask(idle).body == pid
        server.signal(signal.SIGHUP)
        server.wait_for(r"\[ERROR\] TLS cannot be used: the key of keyfile = .* does not belong to the certificate of ")
        server.wait_for("This worker has not started, and ends alone, as others serve")
        assert ask(idle).body == pid
    assert shown(server) == first
    with server.connect() as plain:
        plain.settimeout(PATIENCE)
        send(plain)
        assert b"HTTP" not in plain.recv(65536)
    secret.write(made, ({"tls.crt", "tls.key"} - {broken}).pop())
    server.signal(signal.SIGHUP)
    server.wait_for(rf"Worker exiting \(pid: {pid.decode()}\)")
    assert shown(server) == made.pem
