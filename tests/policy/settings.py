"""What a row's settings are to a Wire and to a ThreadServer, as gunicorn's configuration has them."""

from gunicorn.config import Config as GunicornConfig

from fastsrv.config.config import Config
from fastsrv.proxy.forwarded import Forwarded
from tests.policy.row import LIMITS

OURS = ("any_method", "any_version", "refuse_underscores")  # of Limits, and a Wire's


def configured(under):
    """gunicorn's, with a row's settings."""
    cfg = GunicornConfig()
    for name, value in under:
        cfg.set(name, value)
    return cfg


def for_wire(under):
    """Switches, and what becomes of proxies' fields."""
    cfg = configured(under)
    limits = Config.from_gunicorn(cfg, {}).limits
    return LIMITS | {name: limits[name] for name in OURS} | {"forwarded": Forwarded(cfg).apply}


def for_server(under):
    limits = {f"limit_{name}": size for name, size in LIMITS.items()}
    return limits | dict(under) | {"forwarded": Forwarded(configured(under)).apply}
