"""Which versions are at work: what a bug report needs. `__version__` is fastsrv's own."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

import gunicorn

__version__ = "0.1.0"


def versions(loop: str) -> str:
    """All of them, for a human. loop: "uvloop" or "asyncio"."""
    return ", ".join(f"{name} {version}".rstrip() for name, version in named_versions(loop).items())


@cache
def named_versions(loop: str) -> dict[str, str]:
    """All of them, by name; asyncio's is Python's own. Read once: it takes a file."""
    return {
        "fastsrv": __version__,
        "gunicorn": gunicorn.__version__,
        loop: metadata.version("uvloop") if loop == "uvloop" else "",
        platform.python_implementation(): platform.python_version(),
    }
