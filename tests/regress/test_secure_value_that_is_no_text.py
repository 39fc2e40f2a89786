"""Found in review: `secure_scheme_headers = {"X-FORWARDED-PROTO": ["https", "wss"]}` passed --check-config, and its
workers failed and were started anew for ever."""

import subprocess
import sys

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.config.config import Config
from fastsrv.config.setting import ConfigError
from tests.support.servers import PATIENCE, ROOT


@pytest.mark.parametrize(("name", "value", "what"), [
    ("secure_scheme_headers", {"X-FORWARDED-PROTO": ["https", "wss"]}, "['https', 'wss']"),
    ("secure_scheme_headers", {"X-FORWARDED-SSL": True}, "True"),
    ("secure_scheme_headers", {b"X-FORWARDED-PROTO": "https"}, "b'X-FORWARDED-PROTO'"),
    ("secure_scheme_headers", {"X-FORWARDED-PROTO": "https\u20ac"}, "'https\u20ac'"),
    ("forwarder_headers", "X_\u20ac", "'X_\u20ac'"),
])
def test_start_is_refused(name, value, what):
    cfg = GunicornConfig()
    cfg.set(name, value)
    with pytest.raises(ConfigError, match=f"^{name} takes texts of ISO 8859-1") as error:
        Config.from_gunicorn(cfg, {})
    assert str(error.value).endswith(f", not {what.upper() if name == 'forwarder_headers' else what}")


@pytest.mark.parametrize(("name", "value"), [
    ("secure_scheme_headers", {}), ("secure_scheme_headers", {"X-Own": "", "X-\xe9": "\xff"}),
    ("forwarder_headers", "*"),
])
def test_what_a_field_can_be_is_taken(name, value):
    cfg = GunicornConfig()
    cfg.set(name, value)
    Config.from_gunicorn(cfg, {})


def test_check_config_tells(tmp_path):
    (tmp_path / "gunicorn.conf.py").write_text('secure_scheme_headers = {"X-FORWARDED-PROTO": 1}\n')
    (tmp_path / "served.py").write_text("async def app(scope, receive, send): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "fastsrv", "--check-config", "served:app"], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode != 0
    assert "secure_scheme_headers takes texts" in done.stdout + done.stderr
