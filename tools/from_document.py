"""Writes what the options of other servers are here, from fastsrv/other_servers.py, into docs/FROM_UVICORN.md.

`python -m tools.from_document`, after a change of PEERS; tests/unit/test_from_document.py fails until it was called.
"""

import re
from pathlib import Path
from textwrap import wrap

from fastsrv.other_servers import PEERS
from tools.marks import between_marks

DOCUMENT = Path(__file__).parents[1] / "docs/FROM_UVICORN.md"
WIDTH = 120  # columns
WRITTEN = re.compile(r"(--|[a-z][a-z_]+($| = )).*")  # an option or a setting, as it is written


def sections():
    """One for each server, as Markdown."""
    return "\n".join(line for peer in PEERS for line in section(peer))


def section(peer):
    same = ", ".join(f"`{option}`" for option, differs in peer.same.items() if not differs)
    return [
        f"## {peer.name}", "", f"`{peer.command}` is", "",
        "    gunicorn -k fastsrv.Worker app:app --bind 0.0.0.0:8000 --workers 2", "",
        *table(peer.name, "here", {option: as_written(meant) for option, meant in peer.like.items()}),
        *rows({option: as_written(differs) for option, differs in peer.same.items() if differs}), "",
        *wrap(f"The same here: {same}.", WIDTH, break_on_hyphens=False), "",
        *table(peer.name, "why there is nothing like it", peer.without), "",
    ]


def table(left, right, meanings):
    return [f"| {left} | {right} |", "|---|---|", *rows(meanings)]


def rows(meanings):
    """Options of one meaning share a row."""
    options = {}
    for option, meaning in meanings.items():
        options.setdefault(meaning, []).append(f"`{option}`")
    return [f"| {', '.join(those)} | {meaning} |" for meaning, those in options.items()]


def as_written(meant):
    """What is to be written, up to the first comma, stands out."""
    words, comma, rest = meant.partition(", ")
    return f"`{words}`{comma}{rest}" if WRITTEN.fullmatch(words) else meant


def with_sections(text):
    """`text` with the sections between the two marks replaced."""
    return between_marks(text, "from_document", sections())


if __name__ == "__main__":
    DOCUMENT.write_text(with_sections(DOCUMENT.read_text()))
