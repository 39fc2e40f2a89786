"""Writes the table of moves from state to state, from fastsrv_ext/state.pyx, into docs/ARCHITECTURE.md.

`python -m tools.states_document`, after a change of MOVES; tests/unit/test_states_document.py fails until it was
called.
"""

from pathlib import Path

from fastsrv_ext.state import LIVE, MOVES
from tools.marks import between_marks

DOCUMENT = Path(__file__).parents[1] / "docs/ARCHITECTURE.md"


def table():
    """The table as Markdown, a line for each move."""
    lines = ["| from | event | to |", "|---|---|---|"]
    for move in MOVES:
        before = "any of a connection" if move.before == LIVE else ", ".join(move.before)
        lines.append(f"| {before} | {move.event} | {', '.join(filter(None, (move.after, move.how)))} |")
    return "\n".join(lines) + "\n"


def with_table(text):
    """`text` with the table between the two marks replaced."""
    return between_marks(text, "states_document", table())


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
