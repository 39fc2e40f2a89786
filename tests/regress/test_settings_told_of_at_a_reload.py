"""Found by a review: what is said at the start of settings that have no effect, or may not be what was meant, was not
said when a reload (HUP) brought them."""

import signal

from tests.support.command_line import APP


def test_each_is_told_of_once(gunicorn):
    server = gunicorn(APP, config="threads = 2\nworkers = 2")
    server.wait_for("Ready after", 2)
    (server.folder / "gunicorn.conf.py").write_text("threads = 2\nworkers = 2\nkeep_alive = 75")
    server.signal(signal.SIGHUP)
    server.wait_for("Ready after", 4)
    assert server.output.count("threads = 2 has no effect") == 1
    assert server.output.count("did you mean keepalive?") == 1
