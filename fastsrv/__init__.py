"""fastsrv: an ASGI worker for gunicorn with a compiled protocol."""

import sys
from os.path import dirname

import gunicorn

# On USR2 gunicorn runs `python -m gunicorn` by the path of its __main__.py, whose folder then leads Python's path:
# `http` would be gunicorn's, for us and for the app.
if dirname(gunicorn.__file__) in sys.path:
    sys.path.remove(dirname(gunicorn.__file__))

from fastsrv.runner import run
from fastsrv.versions import __version__
from fastsrv.worker import Worker

__all__ = ["Worker", "__version__", "run"]
