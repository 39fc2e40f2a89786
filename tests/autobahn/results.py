"""What has come of the cases: by section, as a table, and as results.md. Called by __main__.py; runs nothing."""

import re
from collections import Counter
from pathlib import Path

DOCUMENT = Path(__file__).with_name("results.md")
# What may come of a case, worst first: the standard allows it, though another thing is better; nobody asks for
# anything; as it should be. Whatever else Autobahn says is a fault.
ALLOWED = ("NON-STRICT", "INFORMATIONAL", "OK")
MISSING = "MISSING"  # a case that is not in the report
SECTIONS = {
    1: "framing", 2: "pings and pongs", 3: "reserved bits", 4: "opcodes", 5: "fragmentation", 6: "UTF-8",
    7: "closing", 9: "limits and performance", 10: "auto-fragmentation", 12: "compression: payloads",
    13: "compression: parameters",
}
HEAD = ("section", "about", "cases", *reversed(ALLOWED), "others")
LONGEST_EVENT = 60  # characters of a message that are shown


def verdicts(cases, index):
    """{id: what has come of it}, in the order of `cases`. index: Autobahn's, by id."""
    return {case: verdict(index.get(case)) for case in cases}


def verdict(entry):
    """The worse of what Autobahn says of the messages, and of the closing."""
    if entry is None:
        return MISSING
    both = entry["behavior"], entry["behaviorClose"]
    faults = [behavior for behavior in both if behavior not in ALLOWED]
    return faults[0] if faults else min(both, key=ALLOWED.index)


def faults(verdicts):
    return [case for case, behavior in verdicts.items() if behavior not in ALLOWED]


def table(verdicts):
    """The lines of a table, as Markdown: a section each, and all."""
    counts = {}
    for case, behavior in verdicts.items():
        section = int(case.partition(".")[0])
        counts.setdefault(section, Counter())[behavior if behavior in ALLOWED else "others"] += 1
    rows = [row(str(section), SECTIONS.get(section, ""), counts[section]) for section in sorted(counts)]
    rows.append(row("all", "", sum(counts.values(), Counter())))
    widths = [max(len(cells[column]) for cells in (HEAD, *rows)) for column in range(len(HEAD))]
    rule = [("-" * width if column < 2 else "-" * (width - 1) + ":") for column, width in enumerate(widths)]
    for cells in (HEAD, rule, *rows):
        yield "| " + " | ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))) + " |"


def row(section, about, count):
    return section, about, str(count.total()), *(str(count[name]) for name in HEAD[3:])


def told(case, behavior, details):
    """A line about a case that is not as it should be. details: Autobahn's report of it, or None."""
    if details is None:
        return f"{case}: {behavior}"
    why = f"{details['result']} {details['resultClose']}. Expected: {plain(details['expectation'])}"
    strict = details["expected"].get("OK")
    if strict is not None:
        why += f" As events: {events(strict)}; there were: {events(details['received'])}."
    return f"{case}: {behavior}. {why} Closed by the server with {details['remoteCloseCode']}."


def plain(text):
    """Without HTML, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def events(reported):
    return ", ".join(
        " ".join(str(part)[:LONGEST_EVENT] for part in event) for event in reported) or "none"


def document(verdicts, lines, versions, date, minutes):
    """The text of results.md. lines: told() of each case that is not OK or informational."""
    notes = "".join(f"- {line}\n" for line in lines) or "None.\n"
    return f"""# Autobahn|Testsuite

`make autobahn` has written this: all {len(verdicts)} cases of the fuzzing client, on {date}, in {minutes:.0f} minutes.

- The server: fastsrv {versions['fastsrv']}, gunicorn {versions['gunicorn']}, Python {versions['python']}. The app is
  [echo.py](echo.py); permessage-deflate is on.
- The client: autobahntestsuite {versions['autobahntestsuite']}.

{chr(10).join(table(verdicts))}

A case counts by the worse of its two results, that of the messages and that of the closing. INFORMATIONAL: the
standard asks for nothing.

## NON-STRICT, and others

{notes}"""
