"""Settings of a real gunicorn: fastsrv's own are obeyed, bad ones stop the start. See tests/unit/test_config.py."""

import json

import pytest

from tests.support.asking import ask, fetch, send
from tests.support.servers import read_response, read_to_end
from tests.worker.served import SOURCE

TELLS = """
import json

async def app(scope, receive, send):
    if scope["type"] == "http":
        told = json.dumps([scope["scheme"], [name.decode() for name, _ in scope["headers"]]]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": told})
"""


@pytest.mark.parametrize(("options", "config", "env", "message"), [
    ((), "fastsrv_heder_timeout = 1", {}, "did you mean fastsrv_header_timeout?"),
    ((), "", {"FASTSRV_BODY_TIMEOUT": "soon"}, "FASTSRV_BODY_TIMEOUT in the environment must be a number"),
    (("--protocol", "uwsgi"), "", {}, "protocol = 'uwsgi' cannot be used with fastsrv.Worker"),
    (("--certfile", "gunicorn.conf.py", "--keyfile", "gunicorn.conf.py"), "", {},
     "TLS cannot be used: certfile = 'gunicorn.conf.py' holds no certificate"),
    (("--keyfile", "gunicorn.conf.py"), "", {}, "TLS cannot be used: keyfile is set without certfile"),
], ids=["misspelt", "senseless", "refused", "no certificate", "keyfile alone"])
def test_gunicorn_does_not_start_with_a_bad_setting(gunicorn, options, config, env, message):
    server = gunicorn(SOURCE, *options, config=config, env=env)
    assert server.wait() in (1, 3)
    errors = [line for line in server.output.splitlines() if "[ERROR]" in line]
    assert message in errors[0]
    assert "Traceback" not in server.output
    assert server.output.count("Booting worker") <= 1


def test_settings_of_requests_are_obeyed(gunicorn):
    """Row by row: tests/policy."""
    server = gunicorn(
        SOURCE, "--permit-unconventional-http-method", "--permit-unconventional-http-version", "--header-map", "refuse")
    with server.connect() as connection:
        connection.sendall(b"frob / HTTP/1.7\r\nHost: a\r\n\r\n")
        assert read_response(connection).status == 200
        send(connection, "/", "X_A: b")
        assert read_response(connection).status == 400


def test_settings_of_a_proxy_in_front_are_obeyed(gunicorn):
    """Row by row: tests/unit/test_forwarded.py."""
    server = gunicorn(TELLS, config="""
secure_scheme_headers = {"X-SECURE": "yes"}
forwarder_headers = "X_A"
""")
    fields = "X-Secure: yes", "X-Forwarded-Proto: http", "X_A: 1", "Script_Name: /a"
    assert json.loads(fetch(server, "/", *fields).body) == [
        "https", ["host", "connection", "x-secure", "x-forwarded-proto", "x_a"]]


def test_settings_of_a_config_module_and_limits_are_obeyed(gunicorn, tmp_path):
    (tmp_path / "settings.py").write_text("""
fastsrv_header_timeout = 3
keepalive = 4
limit_request_line, limit_request_fields, limit_request_field_size = 100, 3, 50
""")
    server = gunicorn(SOURCE, "-c", "python:settings", env={"FASTSRV_LIMIT_REQUEST_HEAD": "150"})
    with server.connect() as idle, server.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: ex")
        assert ask(idle, "/?" + 85 * "x").status == 200
        assert ask(idle, "/", "X: " + 45 * "x", "Y: 1").status == 200
        for path, fields, status in [
            ("/?" + 86 * "x", (), 414), ("/", ("X: " + 46 * "x",), 431), ("/", ("X: 1", "Y: 2", "Z: 3"), 431),
            ("/?" + 80 * "x", ("X: " + 40 * "x",), 431),
        ]:
            with server.connect() as connection:
                send(connection, path, *fields)
                response = read_response(connection)
                assert (response.status, response.headers["connection"]) == (status, "close")
                assert read_to_end(connection) == b""
        assert read_response(slow).status == 408
        assert read_to_end(idle) == b""  # after keepalive


def test_settings_without_effect_are_told_of_once_and_stop_nothing(gunicorn):
    server = gunicorn(SOURCE, "--workers", "2", "--threads", "4", "--no-sendfile")
    assert fetch(server).status == 200
    server.worker(2)
    told = [line.partition(" [WARNING] ")[2] for line in server.output.splitlines() if "has no effect" in line]
    assert [line.partition(":")[0] for line in told] == [
        "threads = 4 has no effect with fastsrv.Worker", "sendfile = False has no effect with fastsrv.Worker"]
