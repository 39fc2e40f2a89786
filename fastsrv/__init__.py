"""fastsrv: an ASGI worker for gunicorn with a compiled protocol."""

import sys
from os.path import dirname
from typing import TYPE_CHECKING

import gunicorn

# On USR2 gunicorn runs `python -m gunicorn` by the path of its __main__.py, whose folder then leads Python's path:
# `http` would be gunicorn's, for us and for the app.
if dirname(gunicorn.__file__) in sys.path:
    sys.path.remove(dirname(gunicorn.__file__))

from gunicorn.util import load_class

from fastsrv.runner import run
from fastsrv.versions import __version__
from fastsrv.worker import Worker

__all__ = ["Worker", "__version__", "run"]

if not TYPE_CHECKING:  # or every name would be there
    def __getattr__(name: str) -> None:
        """Called for a name that is not here: `-k fastsrv.Workr`, which gunicorn goes on with as a text, behind an
        AttributeError, until it calls it."""
        if sys._getframe(1).f_code is load_class.__code__:
            raise RuntimeError(f"there is no fastsrv.{name}: the worker class is fastsrv.Worker")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
