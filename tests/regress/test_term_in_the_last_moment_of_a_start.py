"""Found by a review: a worker that was told to end while its app started said that it was ready when that was done in
the same moment; with reuse_port it ended in a traceback, as its sockets were closed already."""

import signal

import pytest

from tests.worker.served import SOURCE

SOURCE = SOURCE.replace('    await send({"type": "lifespan.startup.complete"})', """
    if os.path.exists("told"):
        os.kill(os.getpid(), 15)
    await send({"type": "lifespan.startup.complete"})""".lstrip("\n"), 1)


@pytest.mark.parametrize("options", [(), ("--reuse-port",)], ids=["shared", "reuse_port"])
def test_worker_that_is_told_to_end_is_not_ready(gunicorn, options):
    server = gunicorn(SOURCE, "--graceful-timeout", "3", *options)
    server.wait_for("Ready after")
    (server.folder / "told").touch()
    server.signal(signal.SIGKILL, server.worker())
    pid = server.worker(2)
    server.wait_for(rf"Worker exiting \(pid: {pid}\)")
    (server.folder / "told").unlink()
    server.wait_for("Ready after", 2)
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert "Traceback" not in server.output
    assert f"[{pid}] [INFO] Ready" not in server.output
