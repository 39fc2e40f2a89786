"""Origin: a review of the settings. http_protocols = "h2,h1" was ignored by us and obeyed by gunicorn's TLS
context, which then offered HTTP/2 to clients that this worker answers with 400."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.config.config import Config
from fastsrv.config.setting import ConfigError


@pytest.mark.parametrize("protocols", ["h2", "h2,h1", "h1,h2"])
def test_http2_among_the_protocols_stops_the_start(protocols):
    cfg = GunicornConfig()
    cfg.set("http_protocols", protocols)
    with pytest.raises(ConfigError, match=r"http_protocols .* only HTTP/1\.1"):
        Config.from_gunicorn(cfg, {})


def test_http_1_alone_is_served():
    cfg = GunicornConfig()
    cfg.set("http_protocols", "h1")
    assert Config.from_gunicorn(cfg, {})
