"""Found in review: a worker that could not reopen its listener, for want of a file, never accepted again."""

import logging
import resource

from tests.support.apps import hello
from tests.support.servers import read_response
from tests.support.wire import get


def test_listener_reopens_when_there_are_files_again(serve, caplog):
    server = serve(hello, lifespan="off", worker_connections=1)
    caplog.set_level(logging.ERROR)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with server.connect() as first, server.connect() as second:
        first.sendall(get())
        read_response(first)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
            first.close()
            server.until(lambda: "Cannot accept" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        second.sendall(get())
        assert read_response(second).body == b"Hello, world!"
