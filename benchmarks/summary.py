"""What a stored result says: medians, spread, paired ratios, and how two results differ. Pure functions of results.

All figures stay as they are stored, SI; of every metric less is better. Whoever shows a result calls this:
tables.py, plots.py, report.py and readme.py; and measure.py, to tell what has changed before a run is resumed.
"""

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import SERVERS

REFERENCE = "fastsrv"  # whose figures the others are divided by
# Not stored: a name never comes to mean another kind.
FLOORS = tuple(name for name, server in SERVERS.items() if server.is_floor)
WEBSOCKETS = tuple(name for name, scenario in SCENARIOS.items() if scenario.websocket)
BASES = (REFERENCE, "bare", "picows")  # ratios are made to these
CPU = ("cpu", "message")  # metrics that are CPU time
ENOUGH_ROUNDS = 3  # with fewer on either side two ranges are too often apart by chance
CLIENT_FULL, SERVER_FREE = 0.95, 0.9  # shares of a core: above the one and below the other the client was the limit


@dataclass(frozen=True)
class Spread:
    """Values of one figure over the rounds."""

    median: float
    least: float
    greatest: float
    rounds: int

    @classmethod
    def of(cls, values):
        return cls(median(values), min(values), max(values), len(values))


@dataclass(frozen=True)
class Row:
    """One server in one scenario."""

    server: str
    figures: dict[str, Spread]  # by the name of the figure
    ratios: dict[str, Spread]  # by the name of the base: this server's metric over that of the base, paired by round
    saturated: bool  # the client was the limit: requests/s are its, not the server's

    @property
    def floor(self):
        return self.server in FLOORS

    def shown(self, figure):
        """The median; of errors the most in any round, which a median would hide. None where it was not measured."""
        spread = self.figures.get(figure)
        return spread and (spread.greatest if figure == "errors" else spread.median)


@dataclass(frozen=True)
class Summary:
    """One scenario. Rows hold the metric, and stand in the order of the result's servers."""

    scenario: str
    title: str
    metric: str
    rows: list[Row]
    best: str | None  # the server, floors aside, whose median is the least
    absent: dict[str, str]  # by server: the reason why it has no figures, or lacks those of some rounds

    def row(self, server):
        """The row of `server`, or None."""
        return next((row for row in self.rows if row.server == server), None)

    def gap(self, server):
        """Why `server` has no figures, or not those of every round; None where no reason is known."""
        if server not in self.absent:
            return None
        how = "absent" if self.row(server) is None else "not in every round"
        return f"{how}, {self.absent[server]}"

    @property
    def gaps(self):
        """Who is absent and why, a line for each reason."""
        return _lines((server, self.gap(server)) for server in self.absent)

    @property
    def figures(self):
        """Names of the figures that any row has."""
        return {name for row in self.rows for name in row.figures}


@dataclass(frozen=True)
class Change:
    """One server in one scenario, in two results."""

    scenario: str
    title: str
    server: str
    metric: str
    before: Spread | None  # of the metric; None where that result has no figures of the server
    after: Spread | None
    ratio: float | None  # of the medians, after / before; None where either is not there, or before is nothing
    verdict: str
    remarks: list[str]  # what changed beside the metric: who is absent and why, errors


def summarize(result):
    """A Summary for each scenario that has a sample or an absent server, in the result's order."""
    summaries = [_summary(result, name) for name in result.scenarios]
    return [summary for summary in summaries if summary.rows or summary.absent]


def by_protocol(summaries):
    """`summaries` as a list for HTTP and one for WebSocket, which other servers take part in; without empty ones."""
    of_websocket = [each for each in summaries if each.scenario in WEBSOCKETS]
    of_http = [each for each in summaries if each.scenario not in WEBSOCKETS]
    return [each for each in (of_http, of_websocket) if each]


def servers_of(summaries):
    """Who has figures in any of them."""
    return list(dict.fromkeys(row.server for each in summaries for row in each.rows))


def _summary(result, scenario):
    metric = result.scenarios[scenario].metric
    rounds = {server: {} for server in result.servers}
    for sample in result.samples:
        figures = _comparable(sample.figures)
        if sample.scenario == scenario and metric in figures:
            rounds[sample.server][sample.round] = figures
    rows = [_row(server, metric, rounds) for server in result.servers if rounds[server]]
    candidates = [row for row in rows if not row.floor]
    return Summary(
        scenario,
        result.scenarios[scenario].title,
        metric,
        rows,
        min(candidates, key=lambda row: row.figures[metric].median).server if candidates else None,
        {each.server: each.reason for each in result.absent if each.scenario == scenario},
    )


def _comparable(figures):
    """`figures` with the requests lost out of 10,000 sent: runs end with slightly more sent than asked for."""
    if figures.get("sent"):
        return figures | {"lost": figures["lost"] * 10_000 / figures["sent"]}
    return figures


def _row(server, metric, rounds):
    own = rounds[server]
    names = dict.fromkeys(name for figures in own.values() for name in figures)
    spreads = {name: Spread.of([figures[name] for figures in own.values() if name in figures]) for name in names}
    ratios = {}
    for base in BASES:
        # What is nothing has no ratio: a race without a loss, for one.
        pairs = [(own[each][metric], figures[metric]) for each, figures in rounds.get(base, {}).items() if each in own]
        if base != server and pairs and all(divisor for _, divisor in pairs):
            ratios[base] = Spread.of([dividend / divisor for dividend, divisor in pairs])
    return Row(server, spreads, ratios, _saturated(spreads))


def _saturated(spreads):
    if "client_busy" not in spreads or "server_busy" not in spreads:
        return False
    return spreads["client_busy"].median > CLIENT_FULL and spreads["server_busy"].median < SERVER_FREE


def compare(before, after):
    """A Change for each server and scenario that both results are about and either has figures of, in the order of
    `after`. What only one of them is about is told by differences()."""
    changes = []
    for name, scenario in after.scenarios.items():
        if name not in before.scenarios or before.scenarios[name].metric != scenario.metric:
            continue
        earlier, later = _summary(before, name), _summary(after, name)
        changes += [_change(earlier, later, server) for server in after.servers
                    if server in before.servers and (earlier.row(server) or later.row(server))]
    return changes


def _change(earlier, later, server):
    """The Change of `server` between the Summaries of one scenario; at least one of them has its row."""
    metric = later.metric
    old, new = earlier.row(server), later.row(server)
    before, after = (row and row.figures[metric] for row in (old, new))
    return Change(
        later.scenario, later.title, server, metric, before, after,
        after.median / before.median if before and after and before.median else None,
        _verdict(before, after), _remarks(earlier, later, server),
    )


def _verdict(before, after):
    """`better` or `worse` only where the two ranges are apart: five rounds each are so by chance once in 126."""
    if before is None or after is None:
        return "only after" if before is None else "only before"
    if min(before.rounds, after.rounds) < ENOUGH_ROUNDS:
        return "too few rounds"
    if after.greatest < before.least:
        return "better"
    if after.least > before.greatest:
        return "worse"
    return "within spread"


def _remarks(earlier, later, server):
    gaps = {"before": earlier.gap(server), "after": later.gap(server)}
    remarks = [f"{gap} ({when})" for when, gap in gaps.items() if gap and gaps["before"] != gaps["after"]]
    rows = [each.row(server) for each in (earlier, later)]
    if all(rows):
        before, after = (row.shown("errors") or 0 for row in rows)
        if before != after:
            remarks.append(f"errors {before:g} before, {after:g} after")
    return remarks


def remarks(changes):
    """What changed beside the metric, a line for each remark."""
    return _lines((f"{change.scenario} {change.server}", remark) for change in changes for remark in change.remarks)


def differences(before, after):
    """What differs beside the figures, a line for each fact: the machine, the method, the servers, and which servers
    and scenarios only one of the two is about. Empty where nothing does."""
    pairs = [("machine", before.machine, after.machine), ("method", before.method, after.method)]
    pairs += [(name, server_facts(old), server_facts(after.servers[name]))
              for name, old in before.servers.items() if name in after.servers]
    pairs += [(name, {"metric": old.metric}, {"metric": after.scenarios[name].metric})
              for name, old in before.scenarios.items() if name in after.scenarios]
    told = [(name, f"{fact} {'none' if was is None else was} before, {'none' if is_now is None else is_now} after")
            for name, old, new in pairs for fact, was, is_now in changed(old, new)]
    for when, own, other in (("before", before, after), ("after", after, before)):
        known = {*other.servers, *other.scenarios}
        told += [(name, f"only {when}") for name in (*own.servers, *own.scenarios) if name not in known]
    return _lines(told)


def _lines(told):
    """told: (name, text) pairs. A line for each text, with all whom it is about."""
    names = {}
    for name, text in told:
        names.setdefault(text, []).append(name)
    return [f"{', '.join(each)}: {text}" for text, each in names.items()]


def server_facts(server):
    """What a result says of a server, by name."""
    return server.versions | {
        "interpreter": server.interpreter, "loop": server.loop, "command": server.command, "title": server.title}


def changed(before, after):
    """(name, value before, value after) of each entry that differs between two dicts; None where one has it not."""
    return [(name, before.get(name), after.get(name)) for name in before | after if before.get(name) != after.get(name)]


def versions(result):
    """Package -> version for everything that was measured, sorted; several versions are joined by a slash."""
    found = {}
    for server in result.servers.values():
        for package, version in server.versions.items():
            found.setdefault(package, set()).add(version)
    return {package: "/".join(sorted(found[package])) for package in sorted(found)}


def interpreters(result):
    """How each interpreter was built, once, with the servers that ran on it: build -> names."""
    found = {}
    for name, server in result.servers.items():
        if server.interpreter:
            found.setdefault(server.interpreter, []).append(name)
    return found


def machine(result):
    """The machine in a line: `2 cores (AMD EPYC), Linux 6.18, Debian GNU/Linux 12`."""
    facts = result.machine
    cores = "1 core" if facts["cores"] == 1 else f"{facts['cores']} cores"
    return f"{cores} ({facts['cpu']}), Linux {facts['kernel']}, {facts['system']}"


def floors(result):
    """A sentence on which servers are floors; empty where none took part."""
    measured = {sample.server for sample in result.samples}
    found = {name: result.servers[name].title for name in FLOORS if name in measured}
    texts = [name if name == title else f"{name} ({title})" for name, title in found.items()]
    return f"Floors, which are no servers for apps: {', '.join(texts)}." if texts else ""


def day(result):
    """When the run was started, `22 November 2026`."""
    started = datetime.fromisoformat(result.started)
    return f"{started.day} {started:%B %Y}"


def source(result):
    """The commit, shortened, and whether the tree had changes that were not committed."""
    return (result.commit or "unknown")[:10] + (" with changes not committed" if result.dirty else "")
