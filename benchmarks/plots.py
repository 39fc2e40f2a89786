"""Plots of a summary, as SVG to stand in a page and as PNG for README. Called by report.py.

The SVG has no background, and text in the colour and font of the page around it: the same plot is right on light and
dark pages. The same result gives the same bytes.
"""

import io
import re
from math import ceil

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks import summary, units

WIDTH = 5.0  # inches; on a phone an SVG of this width is shown with text of some 9 pixels
ROW = 0.27  # inches, the height of one server or scenario
INK, PAPER, FAINT = "#1f2328", "#fefefe", "#8b949e"  # in SVG, INK and PAPER become the page's own colours
ACCENT, OTHER = "#d9480f", "#7393b3"  # fastsrv, and everybody else
CUT = 8  # a bar longer than so many times the shortest is cut, and says so: one slow server would flatten the others
DOTS = {  # distinct in colour, in shape, and in grey
    "uvicorn": ("#1f77b4", "o"), "uvicorn-worker": ("#1f77b4", "s"), "gunicorn-asgi": ("#2a9d5c", "^"),
    "granian": ("#9467bd", "v"), "hypercorn": ("#b08968", "P"),
    "freastal": ("#e6ac00", "X"), "bare": (FAINT, "|"), "bare-task": (FAINT, "1"), "nginx": (FAINT, "x"),
    "uvicorn-websockets": ("#1f77b4", "D"), "uvicorn-sansio": ("#1f77b4", "d"), "uvicorn-wsproto": ("#1f77b4", "p"),
    "daphne": ("#d16ba5", "h"), "picows": (FAINT, "+"),
}
HOLLOW = {"uvicorn-worker", "uvicorn-sansio"}  # uvicorn too, and nearly always at the same place
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": FAINT,
    "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "axes.spines.left": False, "ytick.major.size": 0, "axes.axisbelow": True, "grid.color": FAINT, "grid.alpha": 0.3,
    "svg.fonttype": "none", "svg.hashsalt": "benchmarks",
}


def overview_svg(summaries):
    """CPU time over that of fastsrv, of each scenario and server, on a logarithmic axis. None without such."""
    return _drawn(lambda data: _overview(data, WIDTH * 1.15, 4), summaries, _svg)


def overview_png(summaries):
    """The same as the bytes of a PNG on white, for twice the pixels of a page's column."""
    return _drawn(lambda data: _overview(data, WIDTH * 1.5, 5), summaries, _png)


def metric_svg(each):
    """A bar for each server's metric in one scenario, whiskers from the least to the greatest round."""
    return _drawn(_bars, each, _svg)


def latency_svg(each):
    """p50, p99 and p99.9 of each server in one scenario, on a logarithmic axis. None where none was measured."""
    return _drawn(_latency, each, _svg)


def _drawn(draw, data, write):
    with rc_context(STYLE):
        figure = draw(data)
        return None if figure is None else write(figure)


def _overview(summaries, width, legend_columns):
    chosen = [each for each in summaries if each.metric in summary.CPU and any(row.ratios for row in each.rows)]
    if not chosen:
        return None
    servers = summary.servers_of(chosen)
    figure, axes = _axes(width, len(chosen), head=0.15 + 0.19 * ceil(len(servers) / legend_columns))
    for position, each in enumerate(chosen):
        axes.axhline(position, color=FAINT, linewidth=0.5, alpha=0.5, zorder=0)
        for row in each.rows:
            if row.server != summary.REFERENCE and summary.REFERENCE in row.ratios:
                _dot(axes, row.server, row.ratios[summary.REFERENCE].median, position)
    axes.axvline(1, color=ACCENT, linewidth=2, zorder=1)
    for server in servers:
        if server != summary.REFERENCE:
            _dot(axes, server, float("nan"), 0, label=server)
    axes.plot([], [], color=ACCENT, linewidth=2, label=f"{summary.REFERENCE} = 1")
    axes.set_yticks(range(len(chosen)), [each.title for each in chosen])
    _logarithmic(axes, lambda value: f"{value:g} ×")  # noqa: RUF001
    what = " or ".join(dict.fromkeys(units.UNITS[each.metric].title for each in chosen))
    axes.set_xlabel(f"{what} over that of {summary.REFERENCE} (logarithmic)")
    figure.legend(loc="upper center", ncols=legend_columns, frameon=False, handletextpad=0.3, columnspacing=1.2)
    return figure


def _dot(axes, server, value, position, **more):
    colour, shape = DOTS.get(server, (OTHER, "o"))
    axes.plot(value, position, linestyle="none", color=colour, marker=shape, markersize=8 if server in HOLLOW else 6.5,
              markeredgewidth=1.5, markerfacecolor="none" if server in HOLLOW else colour, **more)


def _bars(each):
    rows = sorted((row for row in each.rows if not row.floor), key=lambda row: row.figures[each.metric].median)
    floors = [row for row in each.rows if row.floor]
    if not rows:
        rows, floors = floors, []
    unit = units.UNITS[each.metric]
    figure, axes = _axes(WIDTH, len(rows), head=0.17 * len(floors) + 0.05)
    spreads = [_scaled(row.figures[each.metric], unit.scale) for row in rows]
    end, is_cut = _end(each.metric, spreads)
    for position, (row, spread) in enumerate(zip(rows, spreads, strict=True)):
        colour = ACCENT if row.server == summary.REFERENCE else OTHER
        axes.barh(position, min(spread.median, end), height=0.62, color=colour)
        if spread.greatest <= end and spread.rounds > 1:
            axes.plot([spread.least, spread.greatest], [position] * 2, color=INK, linewidth=1, marker="|", markersize=5)
        edge = min(max(spread.greatest, spread.median), end)
        cut = "  (cut)" if spread.median > end else ""
        axes.annotate(units.written(each.metric, row.figures[each.metric].median) + cut, (edge, position), (4, 0),
                      textcoords="offset points", va="center")
    axes.set_yticks(range(len(rows)), [row.server for row in rows])
    axes.set_xlim(0, end * 1.17 if not is_cut else end * 1.22)
    axes.grid(axis="x")
    axes.set_xlabel(unit.head + ("; the longest bars are cut" if is_cut else ""))
    for position, row in enumerate(floors):
        value = row.figures[each.metric].median * unit.scale
        axes.axvline(value, color=INK, linewidth=1, linestyle=(0, (4, 2)) if position else (0, (1, 1)))
        axes.annotate(f"{row.server} {units.written(each.metric, row.figures[each.metric].median)}", (value, 1),
                      (0, 3 + 12 * position), xycoords=("data", "axes fraction"), textcoords="offset points",
                      fontsize=8)
    return figure


def _end(metric, spreads):
    """Where the axis of bars ends, and whether that cuts a bar. Requests lost are never cut."""
    greatest = max(spread.greatest for spread in spreads)
    cut = CUT * min(spread.median for spread in spreads)
    return (cut, True) if metric != "lost" and greatest > cut * 1.25 else (greatest or 1, False)


def _scaled(spread, scale):
    return summary.Spread(spread.median * scale, spread.least * scale, spread.greatest * scale, spread.rounds)


def _latency(each):
    names = [name for name in ("p50", "p99", "p999") if name in each.figures]
    rows = sorted((row for row in each.rows if all(name in row.figures for name in names)),
                  key=lambda row: row.figures[names[-1]].median) if names else []
    if not rows:
        return None
    figure, axes = _axes(WIDTH, len(rows), head=0.3)
    shapes = {"p50": ("o", True), "p99": ("o", False), "p999": ("|", True)}
    for position, row in enumerate(rows):
        colour = ACCENT if row.server == summary.REFERENCE else FAINT if row.floor else OTHER
        values = [row.figures[name].median * units.UNITS[name].scale for name in names]
        axes.plot(values, [position] * len(values), color=colour, linewidth=2)
        for name, value in zip(names, values, strict=True):
            shape, filled = shapes[name]
            axes.plot(value, position, color=colour, marker=shape, markersize=6 if shape == "o" else 9,
                      markeredgewidth=1.8, markerfacecolor=colour if filled else PAPER, zorder=3)
    for name in names:
        shape, filled = shapes[name]
        axes.plot([], [], linestyle="none", color=INK, marker=shape, markeredgewidth=1.5,
                  markerfacecolor=INK if filled else PAPER, label=units.UNITS[name].title)
    axes.set_yticks(range(len(rows)), [row.server for row in rows])
    _logarithmic(axes, lambda value: f"{value:g}")
    axes.set_xlabel("latency, ms (logarithmic)")
    figure.legend(loc="upper center", ncols=3, frameon=False, handletextpad=0.2)
    return figure


def _axes(width, rows, head):
    """A figure with one pair of axes, `rows` high and `head` inches above them; the first row is the topmost."""
    figure = Figure(figsize=(width, rows * ROW + head + 0.55), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.04, rect=(0, 0, 1, 1 - head / figure.get_figheight()))
    axes = figure.add_subplot()
    axes.set_ylim(rows - 0.5, -0.5)
    return figure, axes


def _logarithmic(axes, write):
    """A logarithmic x axis with few ticks, written out."""
    axes.set_xscale("log")
    least, greatest = axes.get_xlim()
    steps = (1, 2, 5) if greatest / least < 100 else (1, 3)
    ticks = [step * 10.0 ** power for power in range(-6, 8) for step in steps]
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if least <= tick <= greatest]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    axes.grid(axis="x")


def _svg(figure):
    """An <svg> element without the declaration, fixed sizes and names that would occur twice in a page."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None,
                                                                   "Type": None})
    text = file.getvalue()
    text = re.sub(r"<!--.*?-->|(?<=>)\s+|\s+(?=[</])", "", text[text.index("<svg"):], flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", re.sub(r"\s+", " ", text), count=1)
    used = set(re.findall(r"(?:#|url\(#)([\w-]+)", text))
    text = re.sub(r' id="([^"]+)"', lambda match: match[0] if match[1] in used else "", text)
    return text.replace(INK, "currentColor").replace(PAPER, "var(--paper)").replace("'DejaVu Sans'", "inherit")


def _png(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=220, facecolor="white", metadata={"Software": None})
    return file.getvalue()
