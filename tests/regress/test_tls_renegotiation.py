"""With an older OpenSSL a client of TLS 1.2 could have handshake after handshake made on one connection.
Found in review.
"""

import pytest

from tests.support.asking import ask
from tests.support.tls import CERTIFICATE
from tests.worker.served import SOURCE
from tests.worker.test_tls import connect

HOOK = """
import ssl
def ssl_context(config, default_ssl_context_factory):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config.certfile)
    return context
"""
TOLD = """
import ssl
def post_worker_init(worker):
    print("no renegotiation:", bool(worker.certificates.context.options & ssl.OP_NO_RENEGOTIATION), flush=True)
"""


@pytest.mark.parametrize("hook", ["", HOOK], ids=["certfile", "ssl_context"])
def test_no_context_lets_a_client_ask_for_another_handshake(gunicorn, hook):
    server = gunicorn(SOURCE, "--certfile", str(CERTIFICATE), config=hook + TOLD)
    server.wait_for("^no renegotiation: True$")
    with connect(server) as connection:
        assert ask(connection).status == 200
