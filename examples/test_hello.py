"""How an application is tested with its server: the bytes are those that clients get.

pytest examples
"""

from urllib.request import ProxyHandler, build_opener

import hello

from fastsrv.testing import serve

ask = build_opener(ProxyHandler({})).open  # whatever proxy is set for this machine


def test_every_path_is_answered_with_a_line():
    with serve(hello.app) as served:
        for path in ("/", "/any/other?way=1"):
            with ask(served.url + path) as answer:
                assert answer.status == 200
                assert answer.headers["content-type"] == "text/plain; charset=utf-8"
                assert answer.read() == b"Hello from fastsrv\n"
