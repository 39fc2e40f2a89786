"""An answer that comes before the upload is over, through real proxies.

nginx reads an answer when its own write returns: a backend that closes meanwhile is a 502.
"""

import pytest

from tests.support.proxies import Haproxy, Nginx
from tests.support.servers import read_response
from tests.support.uploads import MEGABYTE, Writer, refuses, upload

TRIES = 8  # before: two of three became a 502

PROXIES = {
    "nginx": (Nginx, ""),
    "nginx, unbuffered": (Nginx, "proxy_request_buffering off;"),
    "haproxy": (Haproxy, ""),
}


@pytest.mark.parametrize("limit", [128 * MEGABYTE, MEGABYTE], ids=["read to its end", "stopped"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("name", PROXIES)
def test_refusal_of_a_large_upload_arrives(serve, tmp_path, name, chunked, limit):
    kind, more = PROXIES[name]
    server = serve(refuses, limit_drain=limit)
    with kind(tmp_path, f"127.0.0.1:{server.port}", more=more) as proxy:
        for path in ["/", "/part", "/closes"] * TRIES:
            with proxy.connect() as connection, Writer(connection, upload(20 * MEGABYTE, path=path, chunked=chunked)):
                assert read_response(connection).status == 401
