"""gunicorn booted workers for ever where an ssl_context hook called sys.exit(): that worker's code was not one for a
failed start. Found in review.
"""

from tests.support.tls import CERTIFICATE
from tests.worker.served import SOURCE


def test_hook_that_exits_stops_the_start(gunicorn):
    server = gunicorn(SOURCE, "--certfile", str(CERTIFICATE), config="""
import sys
def ssl_context(config, default_ssl_context_factory):
    sys.exit("no certificate yet")
""")
    assert server.wait() == 3
    assert server.output.count("[ERROR] The ssl_context hook has exited: no certificate yet") == 1
