"""Found by an operator's trial: a child that an app had forked ignored SIGTERM, as gunicorn's handler lived on in it;
it held connections and the listening socket open; and a daemonic one kept the worker's exit waiting."""

import contextlib
import os
import signal
import time

import pytest

from tests.support.asking import ask, fetch, send
from tests.support.linux import of_linux
from tests.support.servers import PATIENCE, read_to_end
from tests.support.stalls import timed

SOURCE = """
import multiprocessing, os, signal, subprocess, sys, time

fork = multiprocessing.get_context("fork")
children = []

def child(pipe):
    pipe.send(signal.set_wakeup_fd(-1))
    pipe.send({name: signal.getsignal(getattr(signal, name)) in (signal.SIG_DFL, signal.default_int_handler)
               for name in ("SIGTERM", "SIGINT", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGWINCH")})
    time.sleep(3600)

async def app(scope, receive, send):
    said = b""
    if scope["path"] == "/fork":
        ours, theirs = fork.Pipe()
        process = fork.Process(target=child, args=[theirs], daemon=True)
        process.start()
        children.append(process)
        assert ours.recv() == -1
        assert all(ours.recv().values())
        said = str(process.pid).encode()
    elif scope["path"] == "/late":
        process = fork.Process(target=time.sleep, args=[3600], daemon=scope["query_string"] == b"daemon")
        process.start()
        children.append(process)
        said = str(process.pid).encode()
    elif scope["path"] in ("/end", "/joined"):
        if scope["path"] == "/end":
            children[-1].terminate()
        children[-1].join(20)
        said = str(children[-1].exitcode).encode()
    elif scope["path"] == "/run":
        said = subprocess.run([sys.executable, "-c", "print('ran')"], capture_output=True).stdout
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/cut":
        await send({"type": "http.response.body", "body": b"some", "more_body": True})
        raise ValueError("on purpose")
    await send({"type": "http.response.body", "body": said})
"""


@pytest.fixture(params=["uvloop", "asyncio"])
def server(request, gunicorn):
    return gunicorn(SOURCE, "--asgi-loop", request.param, "--asgi-lifespan", "off", "--graceful-timeout", "20",
                    config="def worker_exit(server, worker): print('hook: worker_exit', flush=True)")


def test_child_ends_by_term_and_has_nothing_of_ours_in_its_handlers(server):
    with server.connect() as connection:
        ask(connection, "/fork")
        assert ask(connection, "/end").body == b"-15"
        assert ask(connection, "/run").body == b"ran\n"


def test_signal_within_the_fork_ends_the_child(gunicorn):
    """It came before gunicorn's handlers were put back, ran one of them, and the child lived on."""
    server = gunicorn(SOURCE, config='''
import os, signal
def post_fork(server, worker):  # before the worker registers what it does in a child
    os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGTERM))
''')
    with server.connect() as connection:
        ask(connection, "/late")
        assert ask(connection, "/joined").body == b"-15"


@of_linux
def test_client_sees_its_end_while_a_child_holds_a_copy_of_the_connection(server):
    with server.connect() as closing, server.connect() as cut, server.connect() as http_10:
        for connection in (closing, cut, http_10):
            ask(connection, "/")
        ask(closing, "/fork")
        send(closing, "/", "Connection: close")
        assert read_to_end(closing).startswith(b"HTTP/1.1 200")
        send(cut, "/cut")
        assert b"some" in read_to_end(cut)
    with server.connect() as http_10:
        ask(http_10, "/fork")
        http_10.sendall(b"GET /cut HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):  # an end would make the body look whole
            while http_10.recv(1000):
                pass


def test_child_holds_no_listening_socket(server):
    """Connections are refused once the worker has gone, though its child lives."""
    child = int(fetch(server, "/fork").body)
    other = int(fetch(server, "/late", "").body)
    assert fetch(server, "/run").body == b"ran\n"  # the parent's sockets are as they were
    listening = {os.readlink(f"/proc/{server.process.pid}/fd/{fd}") for fd in listening_of(server)}
    assert listening
    end = time.monotonic() + PATIENCE
    for pid in (child, other):
        while held_by(pid) & listening:  # the second one has just been forked, maybe
            assert time.monotonic() < end, pid
    os.kill(other, signal.SIGKILL)


def held_by(pid):
    held = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # it is being closed
            held.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    return held


def listening_of(server):
    """The descriptors of the arbiter's that are its listening socket."""
    inode = None
    with open("/proc/net/tcp") as table:
        for line in table:
            fields = line.split()
            if fields[1] == f"0100007F:{server.port:04X}" and fields[3] == "0A":
                inode = fields[9]
    folder = f"/proc/{server.process.pid}/fd"
    return [fd for fd in os.listdir(folder) if os.readlink(f"{folder}/{fd}") == f"socket:[{inode}]"]


@pytest.mark.parametrize(("number", "path", "most"), [
    (signal.SIGTERM, "/late?daemon", 5), (signal.SIGINT, "/late?daemon", 4), (signal.SIGINT, "/late", 15),
])
@timed
def test_child_does_not_keep_the_workers_exit_waiting(server, number, path, most):
    child = int(fetch(server, path).body)
    began = time.monotonic()
    server.signal(number)
    server.process.wait(PATIENCE)
    assert time.monotonic() - began < most
    server.wait_for("hook: worker_exit")
    if path == "/late":  # nobody ends one that is no daemon
        os.kill(child, signal.SIGKILL)
    assert "SIGKILL" not in server.output
