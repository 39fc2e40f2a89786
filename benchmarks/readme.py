"""The figures in README, of HTTP, and in benchmarks/README.md, of WebSocket: what is between two marks, written from
stored results and never by hand.

Called by the command line (`python -m benchmarks readme RESULT...`); a test holds that both say what these do, and that
the newest committed result is among them.
"""

import os
from pathlib import Path

from benchmarks import summary, units
from benchmarks.environments import ROOT

README, METHOD = ROOT / "README.md", ROOT / "benchmarks/README.md"
BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->\n"
TELLING = {
    README: ("plain-64", "browser-64", "upload-10k", "response-1m", "close", "fastapi", "tls", "idle", "race"),
    METHOD: ("ws-64", "ws-deflate-4k", "ws-broadcast", "ws-idle"),
}


def update(stored):
    """Rewrites the figures of each document of which `stored`, [(path inside the repository, result)], has some: HTTP
    and WebSocket are not always measured together. Returns the paths of the documents."""
    texts = {document: figures(document, stored) for document in TELLING}
    new = {document: with_figures(document.read_text(encoding="utf-8"), text)
           for document, text in texts.items() if text}
    for document, text in new.items():
        document.write_text(text, encoding="utf-8")
    return list(new)


def figures(document, stored):
    """A block for each result that has any of the document's scenarios."""
    return "\n".join(filter(None, (block(document, path, result) for path, result in stored)))


def with_figures(text, new):
    """`text` with what is between the two marks replaced by `new`. Raises ValueError where a mark is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document has lost a mark: {BEGIN.strip()} or {END.strip()}")
    return before + begin + new + end + after


def block(document, path, result):
    """The block as Markdown: a picture, a table, and where its figures come from; empty where there are none. Links
    start at the document's folder."""
    place = Path(path).resolve().relative_to(ROOT)
    summaries = {each.scenario: each for each in summary.summarize(result)}
    chosen = [summaries[name] for name in TELLING[document] if name in summaries]
    if not chosen:
        return ""
    what = "message" if "message" in {each.metric for each in chosen} else "request"

    def link(target):
        return Path(os.path.relpath(ROOT / target, document.parent)).as_posix()

    page, picture = (link(place.with_suffix(suffix)) for suffix in (".html", ".png"))
    method = f", [how it is measured]({link(METHOD)})" if document != METHOD else ""
    return (
        f"[![CPU a {what}, beside other servers]({picture})]({page})\n\n"
        f"CPU time of the server in microseconds a {what}, where no other unit is said, and how many times that is of "
        f"{summary.REFERENCE}'s; the less, the better. {summary.floors(result)}\n\n"
        f"{_table(chosen)}\n{_source(result)} [Report]({page}){method}.\n"
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
