"""What a row's settings are to a Wire and to a ThreadServer, as gunicorn's configuration has them."""

from gunicorn.config import Config as GunicornConfig

from fastsrv.config import Config
from fastsrv.forwarded import Forwarded
from tests.policy.row import LIMITS

OURS = ("any_method", "any_version", "refuse_underscores")  # fields of Config that are Limits', too


def options(under):
    """For either: switches, and what becomes of proxies' fields."""
    cfg = GunicornConfig()
    for name, value in under:
        cfg.set(name, value)
    config = Config.from_gunicorn(cfg, {})
    return {name: getattr(config, name) for name in OURS} | {"forwarded": Forwarded(cfg).apply}


def for_wire(under):
    return LIMITS | options(under)


def for_server(under):
    return {f"limit_{name}": size for name, size in LIMITS.items()} | options(under)
