"""`python -m fastsrv` for tests: a process of its own that ends by itself."""

import subprocess
import sys
from pathlib import Path

from tests.support.servers import PATIENCE, ROOT, inherited

APP = "async def app(scope, receive, send): pass"


def run_fastsrv(folder, *arguments, source=APP, config="", **environ):
    """The CompletedProcess, in `folder` with served.py of `source` and gunicorn.conf.py of `config`."""
    (Path(folder) / "served.py").write_text(source)
    (Path(folder) / "gunicorn.conf.py").write_text(config)
    return subprocess.run(
        [sys.executable, "-m", "fastsrv", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=PATIENCE, env={**inherited(), "PYTHONPATH": str(ROOT), **environ})
