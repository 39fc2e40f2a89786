"""ssl.create_default_context() without a purpose makes a client's context. A hook that returned it had its service
start, and each connection hang without an answer."""

from tests.support.servers import Gunicorn
from tests.support.tls import CERTIFICATE

HOOK = """
import ssl

def ssl_context(config, default_ssl_context_factory):
    context = ssl.create_default_context()
    context.load_cert_chain(config.certfile)
    return context
"""


APP = "async def app(scope, receive, send): ...\n"


def test_start_is_stopped_with_the_call_that_makes_a_servers(tmp_path):
    (tmp_path / "served.py").write_text(APP)
    with Gunicorn(tmp_path, "served:app", "--certfile", str(CERTIFICATE), "--workers", "1", config=HOOK) as server:
        assert server.wait() == 3
    assert server.output.count("ssl_context must return a server's context, made by default_ssl_context_factory") == 1
    assert "Ready" not in server.output
