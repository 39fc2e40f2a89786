"""Which versions are at work: what a bug report needs. `__version__` is fastsrv's own."""

from __future__ import annotations

import platform
from importlib import metadata

import gunicorn

__version__ = "0.1.0"


def versions(loop: str) -> str:
    """All of them, for a human. loop: "uvloop" or "asyncio"."""
    if loop == "uvloop":
        loop = f"uvloop {metadata.version('uvloop')}"
    return (f"fastsrv {__version__}, gunicorn {gunicorn.__version__}, {loop}, "
            f"{platform.python_implementation()} {platform.python_version()}")
