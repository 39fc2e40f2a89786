"""fastsrv: an ASGI worker for gunicorn with a compiled protocol."""

from fastsrv.runner import run
from fastsrv.versions import __version__
from fastsrv.worker import Worker

__all__ = ["Worker", "__version__", "run"]
