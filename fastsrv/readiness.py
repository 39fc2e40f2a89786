"""systemd is told that the service is ready when a worker is, and not when gunicorn's arbiter has started.

gunicorn says READY=1 as soon as it listens, seconds before an application is loaded, to the socket that NOTIFY_SOCKET
names (sd_notify(3)). So that is out of the environment until it has. Runs in the arbiter alone, since units with
NotifyAccess=main believe nobody else; fastsrv/arbiter.py calls it.
"""

from __future__ import annotations

import os
from typing import Any

from gunicorn import systemd

VARIABLE = "NOTIFY_SOCKET"


class Readiness:
    """What is to be said, once."""

    def __init__(self) -> None:
        self.socket: str | None = None  # of systemd's, while it waits to be told
        self.hidden = False  # from gunicorn

    def hide(self) -> None:
        """gunicorn is about to start, or to reload."""
        if self.socket is None and not self.hidden:
            self.socket = os.environ.pop(VARIABLE, None)
            self.hidden = True

    def show(self) -> None:
        """gunicorn has said what it has to: the variable is there again for whoever looks for it."""
        if self.socket is not None:
            os.environ[VARIABLE] = self.socket

    def tell(self, log: Any) -> None:
        """A worker is ready."""
        if self.socket is not None:
            self.socket = None
            systemd.sd_notify("READY=1\nSTATUS=Serving", log)
