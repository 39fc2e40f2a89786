"""Origin: gunicorn's USR2 runs the file __main__.py where `python -m fastsrv` was run, and its folder came first in
Python's path: an app's `import config` found fastsrv/config."""

import signal

from tests.worker.served import SOURCE


def test_app_finds_its_own_modules_behind_usr2(gunicorn, tmp_path):
    (tmp_path / "config.py").write_text("print('the config of the app', flush=True)")
    server = gunicorn("import config\n" + SOURCE, module=["fastsrv"])
    server.wait_for("^the config of the app$")
    server.signal(signal.SIGUSR2)
    replacement = int(server.wait_for(r"\[(\d+)\] \[INFO\] Listening at", 2)[1])
    try:
        server.wait_for("^the config of the app$", 2)
    finally:
        server.signal(signal.SIGTERM, replacement)
