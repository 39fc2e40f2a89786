"""What is shown while the suite runs: a display on a terminal, plain lines elsewhere. Called by measure.py."""

import time

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from benchmarks import units


class Progress:
    """Follows a run. total: the expected seconds of all its samples, the measure of how far it is."""

    def __init__(self, total, console=None):
        self.console = console or Console(stderr=True)
        self.total = total
        self.done = 0.0
        self.begun = time.monotonic()
        self.now = self.last = ""
        # Drawn when there is something new, never in between: the suite is idle while it measures.
        self.live = Live(console=self.console, auto_refresh=False, transient=True)

    def __enter__(self):
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *failure):
        if self.console.is_terminal:
            self.live.stop()

    def say(self, text):
        """What happens now, where that may take a while."""
        self.now = text
        if self.console.is_terminal:
            self.draw()
        else:
            print(text, file=self.console.file, flush=True)

    def running(self, scenario, server, round, rounds):
        self.now = f"{scenario.name}  {server.name}  round {round + 1} of {rounds}"
        if self.console.is_terminal:
            self.draw()

    def measured(self, sample, scenario, expected):
        """A sample was taken; expected: its share of `total`."""
        self.done += expected
        self.last = f"{sample.scenario:14} {sample.server:18} {shown(sample.figures, scenario.metric)}"
        if self.console.is_terminal:
            self.draw()
        else:
            print(f"{self.last}  ({self.left()})", file=self.console.file, flush=True)

    def absent(self, absent, expected):
        """There will be no (further) samples of a server; expected: what was expected of them."""
        self.total -= expected
        text = f"{absent.scenario:14} {absent.server:18} absent: {absent.reason}"
        if self.console.is_terminal:
            self.live.console.print(Text(text))
        else:
            print(text, file=self.console.file, flush=True)

    def left(self):
        """The time left, at the pace so far."""
        pace = (time.monotonic() - self.begun) / self.done if self.done else 1
        seconds = round(max(self.total - self.done, 0) * pace)
        return f"{seconds // 60}:{seconds % 60:02} left"

    def draw(self):
        self.live.update(Group(
            Text(self.last, style="dim"),
            Text(f"{self.now}   {self.left()}"),
            ProgressBar(total=max(self.total, 1e-9), completed=self.done, width=60),
        ), refresh=True)


def shown(figures, metric):
    """The metric of a sample, in a unit for people, and its rate and errors."""
    if metric not in figures:
        return ""
    unit = units.UNITS[metric]
    name = f"{unit.symbol} {unit.title}".lstrip()
    text = f"{units.written(metric, figures[metric]):>8} {name}"
    for rate in units.RATES:
        if rate in figures:
            text += f"  {units.written(rate, figures[rate]):>10} {units.UNITS[rate].title}/s"
    if figures.get("errors"):
        text += f"  {units.written('errors', figures['errors'])} errors"
    return text
