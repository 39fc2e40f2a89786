"""Found by a review: the only worker served on with the old code after a HUP onto broken code, and left all the same
when it reached max_requests. Its replacement failed, and gunicorn ended."""

from tests.worker.gate import Service


def test_worker_that_nobody_can_replace_serves_on(gunicorn, tmp_path):
    it = Service(gunicorn, tmp_path, "--max-requests", "5", count=1)
    it.hup()
    it.gate.break_()
    it.server.wait_for("this one serves on with the old code")
    assert it.asked(30) == set(it.pids)
    it.server.wait_for("max_requests reached")
    assert it.asked() == set(it.pids)
    it.hup()  # it is mended
    it.gate.let()
    it.exits(it.pids[0])
    assert it.asked(1) == {it.ready(2)[-1]}
    it.stop()
