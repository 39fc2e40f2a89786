"""README's figures: what is between its two marks, written from stored results and never by hand.

Called by the command line (`python -m benchmarks readme RESULT...`); a test holds that README says what these do, and
that the newest committed result is among them.
"""

from pathlib import Path

from benchmarks import summary, units
from benchmarks.environments import ROOT

README = ROOT / "README.md"
BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->\n"
TELLING = ("plain-64", "browser-64", "upload-10k", "response-1m", "close", "fastapi", "tls", "idle", "race", "ws-64",
           "ws-deflate-4k", "ws-broadcast", "ws-idle")


def update(stored):
    """Rewrites README's figures from `stored`, [(path inside the repository, result)]: a block for each, as HTTP and
    WebSocket are not always measured together. Returns README's path."""
    README.write_text(with_figures(README.read_text(encoding="utf-8"), figures(stored)), encoding="utf-8")
    return README


def figures(stored):
    return "\n".join(block(path, result) for path, result in stored)


def with_figures(text, new):
    """`text` with what is between the two marks replaced by `new`. Raises ValueError where a mark is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README has lost a mark: {BEGIN.strip()} or {END.strip()}")
    return before + begin + new + end + after


def block(path, result):
    """The block as Markdown: a picture, a table, and where its figures come from. Links start at README's folder."""
    place = Path(path).resolve().relative_to(ROOT)
    summaries = {each.scenario: each for each in summary.summarize(result)}
    chosen = [summaries[name] for name in TELLING if name in summaries]
    metrics = {each.metric for each in chosen}
    what = "message" if "message" in metrics else "request"
    if {"cpu", "message"} <= metrics:
        what = "request (of a WebSocket, a message)"
    tables = "\n".join(_table(each) for each in summary.by_protocol(chosen))
    page, picture = (place.with_suffix(suffix).as_posix() for suffix in (".html", ".png"))
    return (
        f"[![CPU a request, beside other servers]({picture})]({page})\n\n"
        f"CPU time of the server in microseconds a {what}, where no other unit is said, and how many times that is of "
        f"{summary.REFERENCE}'s; the less, the better. {summary.floors(result)}\n\n"
        f"{tables}\n{_source(result)} [Report]({page}), [how it is measured](benchmarks/README.md).\n"
    )


def _table(summaries):
    servers = summary.servers_of(summaries)
    lines = ["| | " + " | ".join(servers) + " |", "|---|" + "---:|" * len(servers)]
    for each in summaries:
        symbol = units.UNITS[each.metric].symbol if each.metric not in summary.CPU else ""
        cells = [each.title + (f", {symbol}" if symbol else ""), *(_cell(each, server) for server in servers)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(each, server):
    row = each.row(server)
    if row is None:
        return "-"
    text = units.written(each.metric, row.figures[each.metric].median)
    if server == each.best:
        text = f"**{text}**"
    ratio = row.ratios.get(summary.REFERENCE)
    return f"{text}<br>{units.ratio(ratio.median)} ×" if ratio else text  # noqa: RUF001


def _source(result):
    versions = summary.versions(result)
    python = versions.pop("python", "unknown")
    builds = "; ".join(summary.interpreters(result)) or f"Python {python}"
    packages = ", ".join(f"{package} {version}" for package, version in versions.items())
    return (f"Medians of at most {result.method['rounds']} rounds on {summary.machine(result)}, "
            f"{summary.day(result)}, commit `{summary.source(result)}`; {builds}; {packages}.")
