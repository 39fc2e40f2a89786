"""How a figure is written for people: its name, its unit, its digits.

Stored figures are SI (seconds, bytes, counts); nothing but text and plots knows these units.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    title: str  # a column's head, without the unit
    symbol: str  # empty for a count
    scale: float  # how many of the unit a second, a byte or one is

    @property
    def head(self):
        """The title with the unit, for an axis."""
        return f"{self.title}, {self.symbol}" if self.symbol else self.title


UNITS = {
    "cpu": Unit("CPU a request", "µs", 1e6),
    "message": Unit("CPU a message", "µs", 1e6),
    "rate": Unit("requests", "/s", 1),
    "message_rate": Unit("messages", "/s", 1),
    "p50": Unit("p50", "ms", 1e3),
    "p99": Unit("p99", "ms", 1e3),
    "p999": Unit("p99.9", "ms", 1e3),
    "errors": Unit("errors", "", 1),
    "memory": Unit("memory a connection", "KB", 1e-3),  # 1 KB is 1,000 bytes
    "start": Unit("until the first answer", "ms", 1e3),
    "lost": Unit("lost of 10,000 sent", "", 1),
    "share": Unit("most to least connections", "times", 1),
    "stall": Unit("longest wait", "ms", 1e3),
    "server_busy": Unit("server's core busy", "%", 1e2),
    "client_busy": Unit("client's core busy", "%", 1e2),
}
RATES = ("rate", "message_rate")  # what a load generator at its limit limits


def number(value):
    """About three digits: 4.45, 17.3, 130, 12,300."""
    for limit, digits in ((9.995, 2), (99.95, 1)):
        if value < limit:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"


def count(value):
    """A number of things, or the mean of such: 0, 0.5, 21, 2,437."""
    return f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:,.0f}"


def written(figure, value):
    """`value` of the figure called `figure` (stored, SI) as a number in its unit, without the unit."""
    unit = UNITS[figure]
    return number(value * unit.scale) if unit.symbol else count(value)


def extent(figure, spread):
    """From the least to the greatest, `7.71-8.02`, in the unit of `figure`; empty for a single round."""
    if spread.rounds < 2:
        return ""
    return f"{written(figure, spread.least)}-{written(figure, spread.greatest)}"


def ratio(value):
    """A ratio with two digits after the point, one from ten on: 2.61, 20.7."""
    return f"{value:.{2 if value < 9.995 else 1}f}"


def ratio_extent(spread):
    """From the least ratio to the greatest, `2.51-2.70`; empty for a single round."""
    if spread.rounds < 2:
        return ""
    return f"{ratio(spread.least)}-{ratio(spread.greatest)}"
