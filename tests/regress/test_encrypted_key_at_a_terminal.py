"""Origin: a service that was started by hand. At a terminal OpenSSL asked for the password of an encrypted key: all
workers at once, and --check-config, which waited for it as long. Without a terminal a line said what to do."""

import shutil
import subprocess
import sys

import pytest

from tests.support.servers import PATIENCE, ROOT
from tests.support.tls import CERTIFICATE

KEY = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi0RrxfWSXx3gICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEFRcY5BCWMJm8fD+kvJ26wAEgZBo
9aAmyEzAOGI2GeOgNw9MSmLsQU0/t+fDKf85q+z5m2tOe8fCk8BFM6N3NSUqwek/
+/oN4zjpGQRfMFqTj0e9Od/LEmOPVR7NcJymcMG2Fr6pOmkCifCk5+LJxXRxGHOW
KDclJ5N0rvqDOiYtuIxTWQF8H3YxuaShNPR+t1CMD0Fz3YMI4iJgJbsrXrFoK9c=
-----END ENCRYPTED PRIVATE KEY-----
"""  # that of CERTIFICATE, with the password "secret"
AT_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
HOOK = """
import ssl

def ssl_context(cfg, default):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cfg.certfile, cfg.keyfile, "secret")
    return context
"""


@pytest.fixture
def start(tmp_path):
    """start(*options, config=) -> the exit code and the words of python -m fastsrv, at a terminal."""
    def start(*options, config=""):
        (tmp_path / "served.py").write_text("async def app(scope, receive, send): pass")
        (tmp_path / "gunicorn.conf.py").write_text(config)
        (tmp_path / "key.pem").write_text(KEY)
        shutil.copy(CERTIFICATE, tmp_path / "certificate.pem")
        done = subprocess.run(
            [sys.executable, "-c", AT_A_TERMINAL, sys.executable, "-m", "fastsrv", "--bind", "127.0.0.1:0",
             "--certfile", "certificate.pem", "--keyfile", "key.pem", *options, "served:app"],
            cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, timeout=PATIENCE)
        return done.returncode, done.stdout

    return start


@pytest.mark.parametrize("options", [["--workers", "2"], ["--check-config"]])
def test_nobody_is_asked_for_the_password(start, options):
    code, words = start(*options)
    assert code
    assert "keyfile = 'key.pem' holds an encrypted key: decrypt it" in words
    assert "pass phrase" not in words


def test_hook_that_has_the_password_is_served(start):
    assert start("--check-config", config=HOOK)[0] == 0
