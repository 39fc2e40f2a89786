"""The table of all restarts, for docs/DEPLOY.md: what they cost the clients of each server.

Printed by conftest.py at the end of the long form.
"""

HEAD = ("restart", "way")


def table(rows):
    """The lines of the table, in Markdown, and why anything has failed.

    rows: by (kind, way, server), what Load has counted, and `failure` or `in hand` where there is one.
    """
    servers = list(dict.fromkeys(server for _, _, server in rows))
    lines = [HEAD + tuple(servers), ("---",) * (len(HEAD) + len(servers))]
    for kind, way in dict.fromkeys((kind, way) for kind, way, _ in rows):
        lines.append((kind, way, *(cell(rows.get((kind, way, server))) for server in servers)))
    yield from ("| " + " | ".join(line) + " |" for line in lines)
    for names, told in rows.items():
        if "failure" in told:
            yield ", ".join(names) + ": " + told["failure"]


def cell(told):
    """`2 of 12,345 (3 in hand), 4 refused, 0.12 s`, without what is not there."""
    if not told:
        return "-"
    if "failure" in told:
        return "fails"
    lost = len(told["lost"])
    text = f"{lost:,} of {told['answered'] + lost:,}"
    if "in hand" in told:
        text += f" ({told['in hand']} in hand)"
    if told["refused"]:
        text += f", {told['refused']:,} refused"
    return f"{text}, {told['slowest']:.2f} s"
