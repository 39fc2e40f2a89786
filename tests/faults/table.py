"""The table of all faults: what well-behaved clients were served, and how long they waited, in milliseconds.

Printed by conftest.py at the end of the long form, and kept as a line of JSON for each fault in build/faults.jsonl.
"""

import json

from tests.support.servers import ROOT

LINES = ROOT / "build" / "faults.jsonl"
HEAD = ("fault", "served", "lost", "kept: quiet p50", "p99", "during p50", "p99", "slowest",
        "new: quiet p50", "p99", "during p50", "p99", "slowest",
        "websocket: quiet p50", "p99", "during p50", "p99", "slowest")


def keep(row):
    """Append a row of Trial.row()."""
    LINES.parent.mkdir(exist_ok=True)
    with LINES.open("a") as lines:
        lines.write(json.dumps(row) + "\n")


def table(rows):
    """The lines of the table, and those of figures that only one fault has."""
    cells = [HEAD, *map(cells_of, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    for row in cells:
        yield "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True)))
    for row in rows:
        if row["figures"]:
            yield f"{row['fault']}: " + ", ".join(f"{name} {value:,.1f}" for name, value in row["figures"].items())


def cells_of(row):
    quiet, during = row["quiet"], row["during"]
    cells = [row["fault"], str(during["served"]), str(len(during["lost"]))]
    for kind in ("kept", "new", "websocket"):
        cells += [milliseconds(quiet[kind].get(name)) for name in ("p50", "p99")]
        cells += [milliseconds(during[kind].get(name)) for name in ("p50", "p99", "slowest")]
    return tuple(cells)


def milliseconds(seconds):
    return "-" if seconds is None else f"{seconds * 1000:.1f}"
