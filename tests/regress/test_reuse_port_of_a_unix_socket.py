"""Origin: a start with --reuse-port and a UNIX socket, whose workers all ended with "Operation not supported"."""

from tests.support.servers import Gunicorn


def test_start_is_refused_with_the_names_of_both(tmp_path):
    (tmp_path / "served.py").write_text("async def app(scope, receive, send): pass")
    with Gunicorn(tmp_path, "served:app", "--reuse-port", bind=f"unix:{tmp_path}/socket") as server:
        assert server.wait() == 1
    assert "reuse_port cannot be used with a UNIX socket (bind)" in server.output
    assert "Booting worker" not in server.output and "Traceback" not in server.output
