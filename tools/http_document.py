"""Writes the tables of the request policy, from tests/policy/rows.py, into docs/HTTP.md.

`python -m tools.http_document`, after a change of the rows; tests/policy/test_document.py fails until it was called.
"""

from pathlib import Path

from tests.policy.rows import TOPICS
from tools.marks import between_marks

DOCUMENT = Path(__file__).parents[1] / "docs/HTTP.md"


def table(rows):
    """The table as Markdown, a line for each row."""
    lines = ["| what comes | RFC | answer | connection | why, or how | setting |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.sends} | {row.rfc} | {answer(row)} | {'ends' if row.last else 'goes on'} | {row.note} "
        f"| {setting(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def answer(row):
    status = row.statuses[-1]
    if status == 200:
        return "served"
    return f"{status}, behind what is good" if row.seen else str(status)


def setting(row):
    names = (name.partition(" ") for name in row.setting.split(", ") if name)
    return ", ".join(f"`{name}`{space}{rest}" for name, space, rest in names)


def with_tables(text):
    """`text` with what stands between the two marks replaced."""
    made = "".join(f"\n## {topic}\n\n{table(rows)}" for topic, rows in TOPICS)
    return between_marks(text, "http_document", made + "\n")


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
