"""Origin: an app that calls sys.exit() when it is imported, for want of a setting: gunicorn booted workers for ever,
and the log did not say why."""

import pytest

from tests.worker.served import SOURCE


@pytest.mark.parametrize("code", [0, 1, "'no DATABASE_URL'"])
def test_gunicorn_ends_with_a_sentence(gunicorn, code):
    server = gunicorn(f"raise SystemExit({code})")
    assert server.wait() == 4
    assert f"'served:app' cannot be served: it exits when it is loaded (SystemExit: {str(code).strip(chr(39))})" in (
        server.output)
    assert server.output.count("Booting worker") == 1
    assert "Traceback" not in server.output


def test_signal_that_comes_meanwhile_ends_the_worker_alone(gunicorn):
    server = gunicorn("import os, signal\nif not os.path.exists('once'):\n    open('once', 'w').close()\n"
                      "    os.kill(os.getpid(), signal.SIGQUIT)\n" + SOURCE)
    server.worker(2)
    assert server.port
    assert "cannot be served" not in server.output
