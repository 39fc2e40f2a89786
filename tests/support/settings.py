"""A Config of settings that are given as they are: nothing is checked, so that a test's seconds may be parts of one."""

from types import SimpleNamespace

from gunicorn.config import Config as GunicornConfig

from fastsrv.config.config import Config
from fastsrv.config.sources import PREFIX, read_own

SHORT = {"disconnect_grace_period": "asgi_disconnect_grace_period", "lifespan": "asgi_lifespan", "loop": "asgi_loop"}


def config_of(given, environ=()):
    """given: by name, gunicorn's (or SHORT) and ours without the prefix; the others have their defaults, or what ours
    have in `environ`."""
    own = read_own({}, dict(environ), {})
    cfg = SimpleNamespace(**{name: setting.get() for name, setting in GunicornConfig().settings.items()})
    for name, value in given.items():
        if PREFIX + name in own:
            own[PREFIX + name] = value
        else:
            assert hasattr(cfg, SHORT.get(name, name)), name
            setattr(cfg, SHORT.get(name, name), value)
    return Config.of(cfg, own)
