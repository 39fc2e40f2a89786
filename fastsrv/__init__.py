"""fastsrv: an ASGI worker for gunicorn with a compiled protocol."""

from fastsrv.worker import Worker

__version__ = "0.1.0"
__all__ = ["Worker", "__version__"]
