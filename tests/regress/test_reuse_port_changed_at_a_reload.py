"""Found by a review: with reuse_port switched off, a reload started workers that had no sockets, which was a traceback
of ours; switched on, those could not listen beside the arbiter; switched on with another bind, they shared clients
with the arbiter, which serves nobody."""

import signal

import pytest

from tests.support.command_line import APP
from tests.support.servers import Gunicorn

CONFIG = "reuse_port = {}\nworkers = 2"


@pytest.mark.parametrize("before", [True, False])
def test_it_is_told_of(gunicorn, shared_port, before):
    bind = f"127.0.0.1:{shared_port}" if before else "127.0.0.1:0"
    server = gunicorn(APP, bind=bind, config=CONFIG.format(before))
    server.wait_for("Ready after", 2)
    (server.folder / "gunicorn.conf.py").write_text(CONFIG.format(not before))
    server.signal(signal.SIGHUP)
    server.wait_for(rf"reuse_port = {not before}, .*a reload cannot change reuse_port")
    if before:
        server.wait_for("There is nothing to listen on: ")
        server.wait_for("The new workers could not start: this one serves on")
    assert "Traceback" not in server.output


def test_another_bind_is_told_of(tmp_path, shared_port):
    """gunicorn's arbiter listens there, too, and who is dealt to it waits."""
    (tmp_path / "served.py").write_text(APP)
    server = Gunicorn(tmp_path, "served:app", config=f"reuse_port = True\nbind = '127.0.0.1:{shared_port}'")
    option = server.command.index("--bind")
    del server.command[option:option + 2]
    with server:
        server.wait_for("Ready after")
        (tmp_path / "gunicorn.conf.py").write_text("reuse_port = True\nbind = '127.0.0.1:0'")
        server.signal(signal.SIGHUP)
        server.wait_for("a reload cannot change reuse_port, nor bind beside it")
