"""The loop's debug mode (PYTHONASYNCIODEBUG=1) tells which request has a slow step."""

import asyncio
import logging
import re

import pytest

from tests.support.answers import answering
from tests.support.asking import ask

SLOW = r"Executing <Task \w+ name='GET {} .*took [\d.]+ seconds"


@pytest.fixture
def debugged(serve, caplog):
    """A server in debug mode, for which each step is a slow one."""
    caplog.set_level(logging.WARNING, "asyncio")

    async def app(scope, receive, send):
        if scope["path"] == "/second":
            await asyncio.sleep(0)
        await answering(200, [], asyncio.current_task().get_name().encode())(scope, receive, send)

    def start(**settings):
        server = serve(app, **settings)
        server.call(set_up, server.loop)
        server.call_behind_a_tick(lambda: None)
        return server

    return start


def set_up(loop):
    loop.slow_callback_duration = 0.0
    loop.set_debug(True)


@pytest.mark.parametrize(("path", "steps"), [("/first?x=1", 1), ("/second", 2)])
def test_each_slow_step_is_logged_with_its_request(debugged, caplog, path, steps):
    called = []
    server = debugged(before=called.append)
    with server.connect() as connection:
        assert ask(connection, path).status == 200
        server.call(lambda: None)
    assert len(re.findall(SLOW.format(re.escape(path) + "'"), caplog.text)) == steps
    assert len(called) == 1


def test_without_debug_mode_nothing_is_named(debugged, caplog):
    server = debugged()
    server.call(server.loop.set_debug, False)
    server.call_behind_a_tick(lambda: None)
    caplog.clear()
    with server.connect() as connection:
        assert ask(connection, "/second").body.startswith(b"Task-")
    assert "Executing" not in caplog.text
