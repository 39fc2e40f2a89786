"""Origin: FASTSRV_VERSION and FASTSRV_HOME, usual in Dockerfiles, and a Kubernetes service named fastsrv-demo stopped
the start, as misspelt settings."""

import re
import signal

from tests.support.asking import fetch
from tests.worker.served import SOURCE

ENV = {
    "FASTSRV_VERSION": "1.2", "FASTSRV_DEMO_SERVICE_HOST": "10.0.0.1", "FASTSRV_DEMO_PORT": "tcp://10.0.0.1:80",
    "FASTSRV_KEEPALIVE": "5", "FASTSRV_BODY_TIMEUOT": "5",
}


def test_unknown_names_are_a_warning_each_and_stop_nothing(gunicorn):
    server = gunicorn(SOURCE, "--workers", "2", "--env", "FASTSRV_HOME=/app", env=ENV)
    assert fetch(server).status == 200
    server.worker(2)
    server.signal(signal.SIGHUP)
    server.worker(4)
    told = re.findall(r"\[WARNING\] (FASTSRV_\w+) in the environment is no setting of fastsrv.*?: (.*)", server.output)
    assert dict(told) == {
        "FASTSRV_VERSION": "docs/SETTINGS.md lists them", "FASTSRV_HOME": "docs/SETTINGS.md lists them",
        "FASTSRV_KEEPALIVE":
            "keepalive is gunicorn's, set it in gunicorn.conf.py, or with --keep-alive in GUNICORN_CMD_ARGS",
        "FASTSRV_BODY_TIMEUOT": "did you mean FASTSRV_BODY_TIMEOUT?",
    }
    assert len(told) == 4  # by the arbiter alone, and once
