"""How the workers are, for a human: a page, and the same as data.

The page is page.html, filled in here for who has no JavaScript; its script fills in the same places with what comes as
JSON, each second.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import Counter
from pathlib import Path
from typing import Any

from fastsrv.board import Board, Slot
from fastsrv.versions import versions

PAGE = Path(__file__).with_name("page.html").read_text("utf-8")
ROW = re.compile(r'<template id="row">(.*?)</template>', re.DOTALL)
CONDITIONS = ("blocked", "silent", "ready", "retiring", "booting", "draining")  # in the order in which they are told

Shown = dict[str, Any]


def sha256(tag: str) -> str:
    """Of what stands in the page's only element of this name: the browser runs, or obeys, nothing else."""
    content = PAGE.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


POLICY = (f"default-src 'none'; script-src 'sha256-{sha256('script')}'; style-src 'sha256-{sha256('style')}'; "
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def status_of(board: Board, blocked_after: float, loop: str) -> Shown:
    """docs/OPERATIONS.md tells what is in it."""
    stopping = bool(board.stopping)
    found = [
        slot.figures(number) | {"serves": slot.is_reachable(blocked_after), "condition": condition(slot, blocked_after)}
        for number, slot in board.living().items()]
    return {
        "health": health(stopping, found),
        "summary": summary(stopping, found),
        "versions": versions(loop),
        "stopping": stopping,
        "workers": sorted(found, key=lambda worker: worker["age"]),
        "totals": board.totals(),
    }


def condition(slot: Slot, blocked_after: float) -> str:
    """What it is at, or what is the matter with it."""
    if slot.is_blocked(blocked_after):
        return "blocked"
    return "silent" if slot.is_silent() else slot.state.name.lower()


def health(stopping: bool, found: list[Shown]) -> str:
    """"bad", if no worker serves, or all end; "fair", if one is not as it should be; "good"."""
    if stopping or not any(worker["serves"] for worker in found):
        return "bad"
    return "good" if all(worker["condition"] in ("ready", "retiring") for worker in found) else "fair"


def summary(stopping: bool, found: list[Shown]) -> str:
    counts = Counter(worker["condition"] for worker in found)
    told = ", ".join(f"{counts[condition]} {condition}" for condition in CONDITIONS if counts[condition])
    return f"The service stops: {told or 'no worker'}" if stopping else told or "no worker"


def status_page(shown: Shown) -> bytes:
    """With `shown` in the places that are named after it: <... data-of="name">."""
    row = ROW.search(PAGE)
    assert row is not None
    rows = "".join(filled(row[1], worker) for worker in shown["workers"])
    of_all = shown["totals"] | shown
    text = filled(PAGE[:row.start()], of_all) + row[0] + filled(PAGE[row.end():], of_all)
    return text.replace("<!-- rows -->", rows).encode()


def filled(text: str, shown: Shown) -> str:
    text = re.sub(r'(data-of="(\w+)"[^>]*>)', lambda place: place[1] + html.escape(str(told(shown[place[2]]))), text)
    return re.sub(r'data-is="(\w+)"', lambda place: f'data-is="{place[1]}" class="{shown[place[1]]}"', text)


def told(value: object) -> object:
    """A time to a tenth of a second; nothing for what is not."""
    if isinstance(value, float):
        return f"{value:.1f}"
    return "" if value is None else value
