"""What is answered at the admin address, by path, from the board alone.

Knows no HTTP but statuses. docs/OPERATIONS.md tells what each path is for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastsrv.admin.metrics import get_ready, metrics_page
from fastsrv.admin.request import Answer, text
from fastsrv.admin.status import POLICY, status_of, status_page
from fastsrv.board import Board
from fastsrv.reports import stacks_of_all

INDEX = """\
/livez        200; 503: the loops of all workers are blocked
/readyz       200; 503: no worker serves, or their loops are blocked, or the service stops
/status       how the workers are, for a human
/status.json  the same as data
/stacks       what each worker is doing now, also one that is blocked
/metrics      for Prometheus"""
JSON = "application/json"


class Paths:
    """blocked_after: seconds after which a loop that has had no turn is blocked."""

    def __init__(self, board: Board, blocked_after: float, loop: str) -> None:
        get_ready(board, loop)
        self.board = board
        self.blocked_after = blocked_after
        self.loop = loop
        self.paths: dict[str, Callable[[str], Answer]] = {
            "/": lambda accept: text(HTTPStatus.OK, INDEX),
            "/livez": self.livez,
            "/readyz": self.readyz,
            "/metrics": self.metrics,
            "/status": self.status,
            "/status.json": self.status_json,
            "/stacks": self.stacks,
        }

    def answer(self, path: str, accept: str) -> Answer:
        if path not in self.paths:
            return text(HTTPStatus.NOT_FOUND, f"There is no such path here, but\n{INDEX}")
        return self.paths[path](accept)

    def livez(self, accept: str) -> Answer:
        """A worker that boots, or ends, is not blocked."""
        workers = self.board.taken()
        if workers and all(slot.is_blocked(self.blocked_after) for slot in workers):
            return text(HTTPStatus.SERVICE_UNAVAILABLE,
                        f"no loop of any worker has had a turn for {self.blocked_after:g} s")
        return text(HTTPStatus.OK, "ok")

    def readyz(self, accept: str) -> Answer:
        if self.board.stopping:
            return text(HTTPStatus.SERVICE_UNAVAILABLE, "the service stops")
        if not any(slot.is_reachable(self.blocked_after) for slot in self.board.taken()):
            return text(HTTPStatus.SERVICE_UNAVAILABLE, "no worker serves")
        return text(HTTPStatus.OK, "ok")

    def metrics(self, accept: str) -> Answer:
        try:
            body, kind = metrics_page(self.board, self.loop, self.blocked_after, accept)
        except ImportError:
            return text(HTTPStatus.NOT_IMPLEMENTED, "prometheus_client is not installed: pip install fastsrv[metrics]")
        return Answer(HTTPStatus.OK, body, kind)

    def status(self, accept: str) -> Answer:
        return Answer(HTTPStatus.OK, status_page(self.shown()), "text/html; charset=utf-8", POLICY)

    def status_json(self, accept: str) -> Answer:
        return Answer(HTTPStatus.OK, json.dumps(self.shown()).encode(), JSON)

    def stacks(self, accept: str) -> Answer:
        """What the log says of a worker that is aborted, of all of them."""
        found = stacks_of_all(self.board)
        return text(HTTPStatus.OK, "\n\n".join(f"Worker {age} (pid {pid})\n{report}" for age, pid, report in found))

    def shown(self) -> dict[str, Any]:
        return status_of(self.board, self.blocked_after, self.loop)
