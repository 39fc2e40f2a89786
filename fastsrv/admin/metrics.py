"""The board as Prometheus has it: totals of all workers by what happened, and a few numbers of each worker.

A worker is named by its slot, which a later one takes over with the sums in it: by pid there would be new series with
each restart, without end. paths.py calls it; prometheus_client, an extra, writes the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastsrv.board import Board, State
from fastsrv.versions import named_versions
from fastsrv_ext.counters import BOUNDS, CLOSE_CODES, KINDS

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily, Metric

PREFIX = "fastsrv_"

# name, what it is, key of totals()
GAUGES = (
    ("connections", "Connections that are open", "connected"),
    ("requests_in_flight", "Requests whose app is at work", "in_flight"),
    ("websockets", "WebSockets that are open", "websockets_open"),
)
COUNTERS = (
    ("connections_opened", "Connections that came", "opened"),
    ("requests", "Requests whose app was called", "requests"),
    ("received_bytes", "Bytes that came on all connections, within TLS", "bytes_received"),
    ("sent_bytes", "Bytes that left on all connections, within TLS", "bytes_sent"),
    ("websockets_accepted", "WebSockets that were accepted", "websockets"),
    ("websocket_received_messages", "Whole messages that came", "messages_received"),
    ("websocket_received_bytes", "Bytes of these messages", "message_bytes_received"),
    ("websocket_sent_messages", "Whole messages that left", "messages_sent"),
    ("websocket_sent_bytes", "Bytes of these messages", "message_bytes_sent"),
    ("worker_starts", "Workers that were started", "starts"),
    ("loop_stalls", "How often a worker's loop was blocked for longer than fastsrv_slow_callback", "stalls"),
    ("loop_stalled_seconds", "Time of these stalls, as it passes", "stalled_seconds"),
)
# name, what it is, key, label
LABELLED = (
    ("connection_states", "Connections that are open, by state: whom they wait for", "states", "state"),
    ("responses", "Answers that are complete, by class of status, those without the app included", "statuses", "class"),
    ("connections_ended", "Connections that have ended, by why", "connections", "reason"),
    ("requests_refused", "Requests that were refused, by why", "refused", "kind"),
    ("limits_expired", "Limits of time that were acted upon, by the state of the connection", "expired", "state"),
    ("websockets_closed", "WebSockets that have ended, by the code of the first Close", "close_codes", "code"),
    ("worker_exits", "Workers that have ended, by how", "exits", "reason"),
)
HISTOGRAMS = (
    ("response_duration_seconds", "From the call of the app to its complete answer", "durations"),
    ("first_byte_seconds", "From the call of the app to the head of its answer", "first_bytes"),
    ("loop_lag_seconds", "How late each tick of a worker's loop was, four a second", "lags"),
)


def get_ready(board: Board, loop: str) -> None:
    """Load what writes the page, if it is installed: when it is asked for there may be no file descriptors left."""
    try:
        metrics_page(board, loop, 0.0, "application/openmetrics-text")
    except ImportError:
        pass  # the answer says so


def metrics_page(board: Board, loop: str, blocked_after: float, accept: str) -> tuple[bytes, str]:
    """The page, and its Content-Type. accept: the value of the Accept field. Raises ImportError where there is no
    prometheus_client."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected(board, loop, blocked_after))

    def written(accept: str) -> tuple[bytes, str]:
        encoder, kind = choose_encoder(accept)
        return encoder(registry), kind

    try:
        return written(accept)
    except Exception:  # a version that is none, or that it does not know
        return written("")


class Collected:
    """A collector, as prometheus_client calls it."""

    def __init__(self, board: Board, loop: str, blocked_after: float) -> None:
        self.board = board
        self.loop = loop
        self.blocked_after = blocked_after

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
            InfoMetricFamily,
        )

        total = self.board.totals()
        for key, all_of_them in ("refused", KINDS), ("close_codes", CLOSE_CODES):
            total[key] = dict.fromkeys(all_of_them, 0) | total[key]  # a series that begins with 1 has had no increase
        yield InfoMetricFamily(PREFIX.rstrip("_"), "Versions", value=named_versions(self.loop))
        for name, what, key in GAUGES:
            yield GaugeMetricFamily(PREFIX + name, what, value=total[key])
        for name, what, key in COUNTERS:
            yield CounterMetricFamily(PREFIX + name, what, value=total[key])
        for name, what, key, label in LABELLED:
            family = GaugeMetricFamily if key == "states" else CounterMetricFamily
            yield labelled(family(PREFIX + name, what, labels=[label]), total[key])
        for name, what, key in HISTOGRAMS:
            yield filled(HistogramMetricFamily(PREFIX + name, what, labels=[]), total[key])
        yield from self.of_workers(GaugeMetricFamily, CounterMetricFamily)

    def of_workers(self, gauge: Any, counter: Any) -> Iterator[Metric]:
        """The workers by state, and each one by the number of its slot. gauge, counter: families of metrics."""
        living = self.board.taken()
        yield labelled(gauge(PREFIX + "workers", "Workers, by state", labels=["state"]), {
            state.name.lower(): sum(slot.state == state for slot in living) for state in State if state > State.FAILED})
        yield gauge(PREFIX + "workers_serving", "Workers that accept, and whose loop is not blocked",
                    value=sum(slot.is_reachable(self.blocked_after) for slot in living))
        yield gauge(PREFIX + "workers_blocked", "Workers whose loop has had no turn for fastsrv_admin_blocked_after",
                    value=sum(slot.is_blocked(self.blocked_after) for slot in living))
        yield gauge(PREFIX + "stopping", "1: the service stops", value=bool(self.board.stopping))
        figures = {number: slot.figures(number) for number, slot in self.board.used().items()}
        for family, name, what, key in (
            (gauge, "connections", "Connections of this worker", "connected"),
            (gauge, "requests_in_flight", "Requests of this worker", "in_flight"),
            (counter, "requests", "Requests of this worker", "requests"),
            (gauge, "silent_seconds", "Since this worker's loop last had a turn", "silent_seconds"),
            (counter, "stalled_seconds", "Time for which this worker's loop was blocked", "stalled_seconds"),
        ):
            yield labelled(family(f"{PREFIX}worker_{name}", what, labels=["worker"]), {
                number: each[key] for number, each in figures.items()})
        states = gauge(PREFIX + "worker_connection_states", "Connections of this worker, by whom they wait for",
                       labels=["worker", "state"])
        for number, each in figures.items():
            labelled(states, each["states"], str(number))
        yield states


def labelled(family: Any, counted: dict[Any, float], *before: str) -> Any:
    """With a sample for each number, by its key behind the labels of `before`."""
    for value, number in counted.items():
        family.add_metric([*before, str(value)], number)
    return family


def filled(family: HistogramMetricFamily, counted: dict[str, Any]) -> HistogramMetricFamily:
    """Prometheus' buckets hold all that took less."""
    so_far, buckets = 0, []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counted["buckets"], strict=True):
        so_far += count
        buckets.append((bound, so_far))
    family.add_metric([], buckets, sum_value=counted["sum"])
    return family
