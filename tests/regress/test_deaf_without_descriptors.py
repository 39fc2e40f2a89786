"""Origin: worker_connections let the listener go, and a moment without file descriptors kept it from coming back: the
worker lived on and accepted nothing any more."""

import resource

from tests.support.apps import hello
from tests.support.asking import ask


def test_server_accepts_again_when_it_had_run_out_of_file_descriptors(serve, caplog):
    server = serve(hello, worker_connections=1)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with server.connect() as first, server.connect() as second:
        assert ask(first).status == 200
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
            first.close()  # there is room, yet no descriptor
            server.until(lambda: "Cannot accept connections" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert ask(second).status == 200
