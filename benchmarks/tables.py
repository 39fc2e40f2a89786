"""Rich tables of a summary, for a terminal of 120 columns. Called by the command line.

Computes nothing: what is said comes from summary.py, how it is written from units.py.
"""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks import summary, units

WIDTH = 120  # columns, for all servers beside each other
COLUMNS = (*units.RATES, "p50", "p99", "p999", "errors")  # beside the metric, where a scenario has them
STYLES = {"better": "green", "worse": "red", "only before": "red"}


def console():
    """A Console on standard output that is wide enough: a line that wraps is better than a figure cut short."""
    return Console(width=max(WIDTH, Console().width))


def show(result, console):
    """Prints where `result` was measured, a table for each of its scenarios, then all of them in one."""
    summaries = summary.summarize(result)
    console.print(Text("\n".join([summary.machine(result), *summary.interpreters(result)])), "", sep="\n")
    for each in summaries:
        console.print(heading(each), *[scenario_table(each)] * bool(each.rows), *notes(each), "", sep="\n")
    overviews = [overview_table(each) for each in summary.by_protocol(summaries)]
    console.print("[bold]all scenarios, medians[/bold]", *overviews, overview_notes(result), sep="\n")


def show_comparison(before, after, console):
    """Prints what changed from the result `before` to the result `after`."""
    for line in summary.differences(before, after):
        console.print(Text(line))
    if changes := summary.compare(before, after):
        console.print("[bold]what changed[/bold]", comparison_table(changes), sep="\n")
        for line in summary.remarks(changes):
            console.print(Text(line))
        console.print(comparison_notes(before, after))
    else:
        console.print("The two results have no server and scenario in common.")


def heading(each):
    """The title of a Summary's table: the scenario, and what was measured."""
    return Text.assemble((each.title, "bold"), f" ({each.scenario}): {units.UNITS[each.metric].title}")


def scenario_table(each):
    """The rich Table of one Summary. A column in which nothing would stand is left out."""
    table = _table()
    columns = [(head, [cell(row) for row in each.rows]) for head, cell in _columns(each.metric)]
    columns = [(head, cells) for head, cells in columns if any(cells)]
    for head, _ in columns:
        table.add_column(head, justify="left" if head.endswith("server") else "right", no_wrap=True)
    for row, cells in zip(each.rows, zip(*(cells for _, cells in columns), strict=True), strict=True):
        table.add_row(*cells, style=_style(row, each.best))
    return table


def _columns(metric):
    """(head, row -> cell) of each column that a table may have."""
    reference, *floors = summary.BASES
    yield "\nserver", lambda row: row.server
    yield f"median\n{units.UNITS[metric].symbol}", lambda row: _shown(row, metric)
    yield "\nspread", lambda row: units.extent(metric, row.figures[metric])
    yield f"ratio to\n{reference}", lambda row: _ratio(row, reference, lambda spread: units.ratio(spread.median))
    yield "\nspread", lambda row: _ratio(row, reference, units.ratio_extent)
    for floor in floors:
        yield f"to\n{floor}", lambda row, floor=floor: _ratio(row, floor, lambda spread: units.ratio(spread.median))
    for name in (name for name in COLUMNS if name != metric):
        unit = units.UNITS[name]
        yield f"{unit.title}\n{unit.symbol}", lambda row, name=name: _shown(row, name) + (
            "*" if name in units.RATES and name in row.figures and row.saturated else "")


def _ratio(row, base, write):
    return write(row.ratios[base]) if base in row.ratios else ""


def notes(each):
    """Lines to stand beneath the table of a Summary."""
    lines = []
    if any(row.saturated for row in each.rows):
        lines.append("* client saturated: the load generator was the limit, the server could do more")
    lines += each.gaps
    return [Text(line, style="dim") for line in lines]


def overview_table(summaries):
    """The metric of every scenario and server, medians only, with the unit beside the scenario."""
    table = _table()
    servers = summary.servers_of(summaries)
    table.add_column("", no_wrap=True)
    for server in servers:
        table.add_column(server.replace("-", "-\n"), justify="right", no_wrap=True)
    for each in summaries:
        unit = units.UNITS[each.metric]
        rows = {row.server: row for row in each.rows}
        table.add_row(f"{each.scenario}, {unit.symbol or each.metric}", *(
            Text(_shown(rows[server], each.metric), style=_style(rows[server], each.best)) if server in rows else "-"
            for server in servers
        ))
    return table


def overview_notes(result):
    """What the medians are of."""
    return Text(
        f"Medians of at most {result.method['rounds']} rounds, the less the better; µs: CPU of the whole server a "
        f"request or message. Green: the best of the ASGI servers. {summary.day(result)}, commit "
        f"{summary.source(result)}.",
        style="dim",
    )


def comparison_table(changes):
    """Both medians of each server and scenario, and whether they differ by more than the rounds do among themselves."""
    table = _table()
    for head in ("scenario", "server"):
        table.add_column(head, no_wrap=True)
    for head in ("unit", "before", "spread", "after", "spread", "ratio"):
        table.add_column(head, justify="right" if head != "unit" else "left", no_wrap=True)
    table.add_column("", no_wrap=True)
    last = None
    for each in changes:
        unit = units.UNITS[each.metric]
        if last not in (None, each.scenario):
            table.add_section()
        table.add_row(
            each.scenario if last != each.scenario else "", each.server, unit.symbol or each.metric,
            *_side(each.metric, each.before), *_side(each.metric, each.after),
            units.ratio(each.ratio) if each.ratio is not None else "",
            Text(each.verdict, STYLES.get(each.verdict, "dim")),
        )
        last = each.scenario
    return table


def _side(metric, spread):
    """The median and its extent, for two cells."""
    return (units.written(metric, spread.median), units.extent(metric, spread)) if spread else ("-", "")


def comparison_notes(before, after):
    """What was compared, and how to read it."""
    return Text(
        f"Before: {before.started}, commit {summary.source(before)}.\n"
        f"After: {after.started}, commit {summary.source(after)}.\n"
        "Better or worse: the ranges of the rounds do not touch. Where a server that is the same moved as well, the "
        "machine did.", style="dim",
    )


def _table():
    return Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1), pad_edge=False)


def _shown(row, figure):
    return units.written(figure, row.shown(figure)) if figure in row.figures else ""


def _style(row, best):
    if row.server == best:
        return "green"
    return "dim" if row.floor else ""
