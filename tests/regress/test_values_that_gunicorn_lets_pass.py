"""Found by giving run() and serve() each setting with values of many types: where gunicorn's own check lets a value
pass, or fails by an AttributeError, what was raised named no setting ('NoneType' object has no attribute 'lower'), or
came from within the worker."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.config.config import Config
from fastsrv.config.setting import ConfigError
from fastsrv.runner import run
from fastsrv.testing import serve
from tests.support.apps import hello


@pytest.mark.parametrize(("settings", "text"), [
    ({"loglevel": None}, r"loglevel = None of run\(\): leave it out for 'info'"),
    ({"worker_class": None}, r"worker_class = None of run\(\): leave it out"),
    ({"root_path": None}, r"root_path = None of run\(\): leave it out for ''"),
    ({"user": ["www-data"]}, r"user = \['www-data'\] of run\(\)"),
    ({"group": 1.5}, r"group = 1.5 of run\(\)"),
    ({"bind": "a\0b:80"}, r"bind = 'a\\x00b:80' cannot be used"),
    ({"raw_env": [None]}, r"raw_env = \[None\] cannot be used"),
])
def test_setting_is_named(settings, text):
    with pytest.raises(ConfigError, match=text):
        run(hello, **settings)


def test_environment_is_named(monkeypatch):
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--bind 'localhost:80")
    with pytest.raises(ConfigError, match=r"GUNICORN_CMD_ARGS = .* cannot be read: No closing quotation"):
        run(hello)


def test_setting_of_a_test_is_named():
    with pytest.raises(ConfigError, match=r"root_path = None of serve\(\)"), serve(hello, root_path=None):
        pytest.fail("it has started")


def test_config_file_may_have_no_root_path():
    """As it may with gunicorn's own worker."""
    cfg = GunicornConfig()
    cfg.set("root_path", None)
    assert Config.from_gunicorn(cfg, {}).scope["root_path"] == ""


def test_no_error_log_is_asked_for():
    with pytest.raises(ConfigError, match="keepalive"):
        run(hello, errorlog=None, keepalive="long")
