"""The command line of the suite: run (the default), list, show, compare, report, readme."""

import argparse
import math
import os
import resource
import signal
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import environments, readme, results, scenarios, servers, summary, tables, wrk
from benchmarks.measure import Suite, expected, rounds_of
from benchmarks.progress import Progress

QUICK_ROUNDS, QUICK_SECONDS = 3, 1.0
RACE_REQUESTS = 10_000
BEGUN_WITH = ("quick", "servers", "scenarios", "rounds", "seconds", "requests")  # options that a result answers


def main(arguments=None):
    top = parser()
    options = top.parse_args(arguments)
    begun_with = [f"--{name}" for name in BEGUN_WITH if getattr(options, name)]
    if options.resume and begun_with:
        top.error(f"--resume goes on as the run was begun, without {', '.join(begun_with)}")
    return options.run(options)


def parser():
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="fastsrv beside other servers.")
    top.set_defaults(run=run)
    top.add_argument("--quick", action="store_true", help="a few servers and scenarios, in under three minutes")
    top.add_argument("--servers", metavar="A,B", type=rows(servers.SERVERS), help="these only")
    top.add_argument("--scenarios", metavar="X,Y", type=rows(scenarios.SCENARIOS), help="these only")
    top.add_argument("--rounds", metavar="N", type=above_zero(int), help="of each scenario (5)")
    top.add_argument("--seconds", metavar="N", type=above_zero(float), help="of one measured run (2)")
    top.add_argument("--requests", metavar="N", type=above_zero(int), help="of a keep-alive race (10000)")
    top.add_argument("--output", metavar="FILE", type=Path, help="the result (build/benchmarks/<date>.json)")
    top.add_argument("--resume", metavar="FILE", type=Path, help="go on with the result of an interrupted run")
    top.add_argument("--peers", metavar="DIR", help="a virtual environment with the other servers, used as it is")
    commands = top.add_subparsers(title="commands", metavar="")
    listing = commands.add_parser("list", help="the servers and the scenarios")
    listing.set_defaults(run=show_rows)
    comparing = commands.add_parser("compare", help="what differs between two results")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.set_defaults(run=compare)
    for name, function, what in (
        ("show", show_tables, "the tables of a result"),
        ("report", write_report, "a page and a picture, written beside a result"),
        ("readme", update_readme, "the figures of README and of benchmarks/README.md, from committed results"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("result", type=Path, nargs="+" if function is update_readme else None)
        command.set_defaults(run=function)
        if function is write_report:
            command.add_argument("--output", metavar="DIR", type=Path, help="elsewhere")
    return top


def rows(table):
    """A type for argparse: names of `table`, separated by commas; the rows, in the table's order."""
    def parse(text):
        names = text.split(",")
        unknown = [name for name in names if name not in table]
        if unknown:
            raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(table)}")
        return [row for name, row in table.items() if name in names]

    return parse


def above_zero(number):
    """A type for argparse: a finite `number` (int or float) above zero."""
    def parse(text):
        value = number(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    parse.__name__ = number.__name__  # argparse tells it where the text is no number
    return parse


def run(options):
    """Measure; exit status 0 when the result is complete."""
    now = datetime.now(timezone.utc)
    commit, dirty = environments.checkout()
    if options.resume:
        result = resumed(options.resume, commit, dirty)
        chosen_servers = [servers.SERVERS[name] for name in result.servers]
        chosen_scenarios = [scenarios.SCENARIOS[name] for name in result.scenarios]
        path = options.output or options.resume
    else:
        chosen_servers = options.servers or rows(servers.SERVERS)(
            ",".join(servers.QUICK if options.quick else servers.SERVERS))
        chosen_scenarios = options.scenarios or rows(scenarios.SCENARIOS)(
            ",".join(scenarios.QUICK if options.quick else scenarios.SCENARIOS))
        result = results.Result(
            started=now.isoformat(timespec="seconds"), commit=commit, dirty=dirty, machine=environments.machine(),
            method=method(options))
        path = options.output or environments.BUILD / f"{now:%Y-%m-%d-%H%M%S}.json"
    measure(result, chosen_servers, chosen_scenarios, environments.Peers(options.peers), path)
    return 0


def resumed(path, commit, dirty):
    """The result at `path`, without what has to be measured again; the program ends if it cannot go on here."""
    result = load(path)
    if (result.commit, result.dirty) != (commit, dirty):
        sys.exit(f"{path} was begun at commit {summary.source(result)}; "
                 f"this is {summary.source(replace(result, commit=commit, dirty=dirty))}")
    if result.machine != environments.machine():
        sys.exit(f"{path} was begun on {result.machine}; this is {environments.machine()}")
    # Who is absent for another reason than one known beforehand has one more chance: wrk may be there now.
    result.absent = [each for each in result.absent if servers.SERVERS[each.server].reason_against(
        scenarios.SCENARIOS[each.scenario]) is not None]
    result.forget_cut_rounds()
    return result


def method(options):
    """How it is measured. One core for servers and another for the load, where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    seconds = options.seconds or (QUICK_SECONDS if options.quick else 2.0)
    return {
        "rounds": options.rounds or (QUICK_ROUNDS if options.quick else 5),
        "seconds": seconds, "warm_up": seconds / 4, "requests": options.requests or RACE_REQUESTS,
        # The last is another core than the first, not its second thread, whichever way the kernel counts them.
        "server_cores": cores[:1], "load_cores": cores[-1:],
    }


def measure(result, chosen_servers, chosen_scenarios, peers, path):
    """Fill `result` and keep it stored at `path`."""
    result.scenarios |= {row.name: results.Scenario(row.title, row.metric) for row in chosen_scenarios}
    total = sum(
        expected(scenario, result.method) for scenario in chosen_scenarios for server in chosen_servers
        for round in range(rounds_of(scenario, result.method)) if not result.has(scenario.name, server.name, round))
    if total:
        result.finished = None
    if not wrk.is_there() and any(scenario.load == "wrk" for scenario in chosen_scenarios):
        print(wrk.MISSING, "(its scenarios are left out)", file=sys.stderr)
    raise_limit_of_files()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, lambda number, _: sys.exit(128 + number))  # servers are stopped on the way out
    os.sched_setaffinity(0, result.method["load_cores"])  # loads inherit it
    try:
        with Progress(total) as progress:
            with Suite(result, chosen_servers, chosen_scenarios, peers, lambda: result.write(path), progress) as suite:
                suite.run()
    except KeyboardInterrupt:
        sys.exit(f"\ninterrupted; to go on: python -m benchmarks --resume {path}" if path.exists() else 130)
    result.finished = result.finished or datetime.now(timezone.utc).isoformat(timespec="seconds")
    result.write(path)
    tables.show(result, tables.console())
    print(path)


def raise_limit_of_files():
    """As many open files as may be: 5,000 idle connections have an end here and one in the server."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def show_rows(options):
    """List what can be chosen."""
    for title, table in (("servers", servers.SERVERS), ("scenarios", scenarios.SCENARIOS)):
        print(title)
        for row in table.values():
            print(f"  {row.name:18} {row.title}")
    return 0


def compare(options):
    """Show two results side by side."""
    tables.show_comparison(load(options.before), load(options.after), tables.console())
    return 0


def show_tables(options):
    """Show a result once more."""
    tables.show(load(options.result), tables.console())
    return 0


def write_report(options):
    """Write the page and the picture of a result, beside it or into another folder."""
    from benchmarks import report  # matplotlib is slow to import, and only this needs it

    result = load(options.result)
    folder = options.output or options.result.parent
    folder.mkdir(parents=True, exist_ok=True)
    print(*report.write(result, folder / options.result.name), sep="\n")
    return 0


def update_readme(options):
    """Rewrite the figures of both documents."""
    try:
        print(*readme.update([(path, load(path)) for path in options.result]), sep="\n")
    except ValueError as error:  # a result outside of the repository, or no marks
        sys.exit(str(error))
    return 0


def load(path):
    """The result stored at `path`; the program ends with the reason where there is none."""
    try:
        return results.load(path)
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    sys.exit(main())
