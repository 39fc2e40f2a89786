"""Which versions are at work: what a bug report needs. `__version__` is fastsrv's own."""

from __future__ import annotations

import platform
from importlib import metadata

import gunicorn

__version__ = "0.1.0"
UVLOOP = metadata.version("uvloop")  # read here: later there may be no descriptor left for its file


def versions(loop: str) -> str:
    """All of them, for a human. loop: "uvloop" or "asyncio"."""
    return ", ".join(f"{name} {version}".rstrip() for name, version in named_versions(loop).items())


def named_versions(loop: str) -> dict[str, str]:
    """All of them, by name; asyncio's is Python's own."""
    return {
        "fastsrv": __version__,
        "gunicorn": gunicorn.__version__,
        loop: UVLOOP if loop == "uvloop" else "",
        platform.python_implementation(): platform.python_version(),
    }
