"""Found in others' bug reports: a file that grew while it was sent lost its last piece, and the answer was cut off.

The app had told the Content-Length of before.
"""

import logging
import os

import pytest
from starlette.responses import FileResponse

from tests.support.answers import statuses, take_apart
from tests.support.puppet import Puppet
from tests.support.servers import read_response
from tests.support.wire import get

LENGTH = [(b"content-length", b"10")]


def begun(wire, request_=None):
    app = Puppet()
    it = wire(app).send(request_ or get())
    app.begin(200, LENGTH)
    return app, it


@pytest.mark.parametrize("more", [True, False])
def test_what_fits_is_sent_and_the_app_hears_of_the_rest(wire, more):
    app, it = begun(wire)
    app.body(b"01234567", more=True).result()
    with pytest.raises(RuntimeError, match="longer than its content-length of 10"):
        app.body(b"89abcdef", more=more).result()
    assert take_apart(it.output).body == b"0123456789"
    assert not it.ended
    it.send(get())
    app.begin()
    app.body(b"next")
    assert statuses(it.output) == [200, 200]


def test_nothing_fits_behind_a_body_that_is_whole(wire):
    app, it = begun(wire)
    app.body(b"0123456789", more=True).result()
    for excess in (b"a", b"b"):
        with pytest.raises(RuntimeError, match="longer"):
            app.body(excess, more=True).result()
    assert take_apart(it.output).body == b"0123456789"
    assert it.output.endswith(b"0123456789")


def test_what_has_not_begun_is_still_a_500(wire):
    """There the length is likely to be a mistake, and the client can be told."""
    app, it = begun(wire)
    with pytest.raises(RuntimeError, match="longer"):
        app.body(b"0123456789a", more=False).result()
    app.finish(RuntimeError("on purpose"))
    assert statuses(it.output) == [500]


def test_answer_to_head_knows_no_length(wire):
    app, it = begun(wire, get().replace(b"GET", b"HEAD"))
    app.body(b"01234567", more=True).result()
    app.body(b"89abcdef", more=False).result()
    assert it.output.endswith(b"content-length: 10\r\n\r\n")


def test_file_of_starlette_that_has_grown(serve, tmp_path, caplog):
    caplog.set_level(logging.CRITICAL, logger="fastsrv.tests.server")
    path = tmp_path / "log"
    path.write_bytes(b"a" * 150_000)
    before = os.stat(path)

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await FileResponse(path, stat_result=before)(scope, receive, send)

    server = serve(app, lifespan="off")
    with path.open("ab") as file:
        file.write(b"b" * 100_000)
    with server.connect() as connection:
        for _ in range(2):  # the connection lives on
            connection.sendall(get())
            answer = read_response(connection)
            assert answer.status == 200 and answer.body == b"a" * 150_000
    server.until(lambda: not server.server.dispatch.tasks)  # it closes the file in a thread
