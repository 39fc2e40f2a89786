"""The report of a stored result: one HTML page that needs nothing else, and the PNG that README shows.

Called by the command line. The words and the style are in report.template, the plots come from plots.py.
"""

from datetime import datetime
from html import escape
from pathlib import Path
from string import Template

from benchmarks import plots, summary, units
from benchmarks.servers import SERVERS

TEMPLATE = Path(__file__).with_name("report.template")
# Beside the metric, where measured.
COLUMNS = (*units.RATES, "p50", "p99", "p999", "errors", "server_busy", "client_busy")
GIBIBYTE = 2**30


def write(result, path):
    """Writes the report of `result`, stored at `path`, beside it: `.html` and `.png`. Returns the paths written."""
    path = Path(path)
    page = path.with_suffix(".html")
    page.write_text(html(result), encoding="utf-8")
    picture = plots.overview_png(summary.summarize(result))
    if picture is None:
        return [page]
    path.with_suffix(".png").write_bytes(picture)
    return [page, path.with_suffix(".png")]


def html(result):
    """The page, as text."""
    summaries = summary.summarize(result)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        day=summary.day(result),
        machine=escape(summary.machine(result)),
        commit=escape(summary.source(result)),
        standing=_standing(summaries),
        exceptions=_exceptions(summaries),
        contents=" ".join(f'<a href="#{escape(each.scenario)}">{escape(each.scenario)}</a>' for each in summaries),
        overview=plots.overview_svg(summaries) or "No CPU time was measured.",
        floors=escape(summary.floors(result)),
        medians="\n".join(_medians(each) for each in summary.by_protocol(summaries)),
        scenarios="\n".join(_scenario(each, result) for each in summaries),
        method=_method(result),
        facts=_facts(result),
        servers=_servers(result),
    )


def _standing(summaries):
    led = [each for each in summaries if each.best == summary.REFERENCE]
    contested = [each for each in summaries if each.best and each.row(summary.REFERENCE)]
    return (f"The less a server takes for the same work, the better. Of the servers that call an ASGI application "
            f"{summary.REFERENCE} takes the least in {len(led)} of {len(contested)} scenarios.")


def _exceptions(summaries):
    items = []
    for each in summaries:
        own = each.row(summary.REFERENCE)
        if own and each.best != summary.REFERENCE:
            best, unit = each.row(each.best).figures[each.metric], units.UNITS[each.metric].symbol
            items.append(
                f'<li><a href="#{escape(each.scenario)}">{escape(each.title)}</a>: {escape(each.best)} takes '
                f"{units.written(each.metric, best.median)} {unit}, {summary.REFERENCE} "
                f"{units.written(each.metric, own.figures[each.metric].median)} {unit}.</li>"
            )
    return f"<p>Where another takes less:</p>\n<ul>{''.join(items)}</ul>" if items else ""


def _medians(summaries):
    servers = summary.servers_of(summaries)
    rows = []
    for each in summaries:
        symbol = units.UNITS[each.metric].symbol or each.metric
        cells = [f'<a href="#{escape(each.scenario)}" title="{escape(each.title)}">{escape(each.scenario)}</a> '
                 f"<small>{symbol}</small>"]
        for server in servers:
            row = each.row(server)
            text = units.written(each.metric, row.figures[each.metric].median) if row else "-"
            cells.append(_marked(text, server == each.best))
        rows.append(("", cells))
    return _table(["", *servers], rows)


def _scenario(each, result):
    drawn = [plots.metric_svg(each), plots.latency_svg(each)] if each.rows else []
    figures = "".join(f"<figure>{svg}</figure>" for svg in drawn if svg)
    gaps = "".join(f"<li>{escape(gap)}</li>" for gap in each.gaps)
    return (
        f'<section class="scenario" id="{escape(each.scenario)}">\n'
        f"<h3>{escape(each.title)} <small>{escape(each.scenario)}</small></h3>\n"
        f'<div class="plots">{figures}</div>\n{_figures(each) if each.rows else ""}'
        + (f'<ul class="soft">{gaps}</ul>' if gaps else "") + "</section>"
    )


def _figures(each):
    """The table of one Summary. A column in which nothing would stand is left out."""
    columns = [(head, [cell(row) for row in each.rows]) for head, cell in _columns(each)]
    columns = [(head, cells) for head, cells in columns if any(cells)]
    kinds = ["floor" if row.floor else "own" if row.server == summary.REFERENCE else "" for row in each.rows]
    rows = zip(*(cells for _, cells in columns), strict=True)
    return _table([head for head, _ in columns], zip(kinds, rows, strict=True))


def _columns(each):
    """(head, row -> cell) of each column that a table may have."""
    metric = each.metric
    yield "server", lambda row: escape(row.server)
    yield units.UNITS[metric].head, lambda row: _with_extent(
        _marked(units.written(metric, row.shown(metric)), row.server == each.best),
        _extent(metric, row.figures[metric]))
    for base in summary.BASES:
        yield f"over {base}", lambda row, base=base: _with_extent(
            units.ratio(row.ratios[base].median), units.ratio_extent(row.ratios[base])) if base in row.ratios else ""
    for name in (name for name in COLUMNS if name != metric):
        yield units.UNITS[name].head, lambda row, name=name: _with_extent(
            units.written(name, row.shown(name)) + ("*" if name in units.RATES and row.saturated else ""),
            _extent(name, row.figures[name])) if name in row.figures else ""


def _marked(text, is_best):
    return f"<b>{text}</b>" if is_best else text


def _extent(figure, spread):
    """As units.extent(), but empty where all rounds were the same: `0-0` beneath each count of errors says nothing."""
    return units.extent(figure, spread) if spread.least < spread.greatest else ""


def _with_extent(text, extent):
    return f"{text}<br><small>{extent}</small>" if extent else text


def _method(result):
    method = result.method
    return (
        f"<p>At most {method['rounds']} rounds; in each every server had its turn, {method['seconds']:g} s after a "
        f"warm-up of {method['warm_up']:g} s, while the others were stopped. The server was bound to "
        f"{_cores(method['server_cores'])}, the load generator to {_cores(method['load_cores'])}. CPU time is that of "
        "the server's whole process tree, in the kernel and outside, as the kernel counts it, divided by the requests "
        "or messages answered.</p>"
    )


def _cores(cores):
    return f"core{'s' * (len(cores) > 1)} {', '.join(map(str, cores))}" if cores else "no core of its own"


def _facts(result):
    memory = f"{result.machine['memory'] / GIBIBYTE:.1f} GiB of memory"
    finished = "not finished"
    if result.finished:
        took = datetime.fromisoformat(result.finished) - datetime.fromisoformat(result.started)
        finished = f"took {took.total_seconds() / 60:.0f} minutes"
    rows = [("machine", f"{summary.machine(result)}, {memory}"), ("started", f"{result.started}, {finished}"),
            ("commit", summary.source(result))]
    rows += [("interpreter", f"{build} ({', '.join(servers)})")
             for build, servers in summary.interpreters(result).items()]
    return _table(["", ""], [("", [escape(cell) for cell in row]) for row in rows], "words", heads_shown=False)


def _servers(result):
    rows = []
    for name, server in result.servers.items():
        versions = ", ".join(f"{package} {version}" for package, version in server.versions.items())
        if server.loop:
            versions += f"; the loop is a {server.loop}"
        command = f"<code>{escape(server.command)}</code>"
        note = _note(name, server)
        rows.append(("", [escape(name), escape(server.title), escape(versions),
                          f"{command}<br><small>{escape(note)}</small>" if note else command]))
    return _table(["name", "what", "versions", "command"], rows, "words")


def _note(name, server):
    """What servers.py notes on a server of a result; empty if there is no such row now, or it is another one."""
    # Not stored: a note that is mended is mended on every page. But it is of the row as it is now, and the result may
    # be old: it stands only where that was made by the same command, and so by a server set up in the same way.
    row = SERVERS.get(name)
    return row.note if row and row.as_told() == server.command else ""


def _table(heads, rows, kind="", heads_shown=True):
    """A table that scrolls sideways where it must. rows: (class, cells); cells are HTML, heads are text."""
    head = "<tr>" + "".join(f"<th>{escape(each)}</th>" for each in heads) + "</tr>\n" if heads_shown else ""
    body = "".join(
        f'<tr class="{row_kind}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
        for row_kind, cells in rows)
    return f'<div class="scroll"><table class="{kind}">\n{head}{body}</table></div>\n'
