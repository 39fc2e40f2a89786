"""A small result made by hand, for the tests of what is said about results."""

from pathlib import Path

from benchmarks import results
from benchmarks.results import Sample, Scenario, Server
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import SERVERS

PATH = Path(__file__).with_name("result.json")


def load():
    return results.load(PATH)


def with_cpu(**seconds):
    """The result with other samples: plain-64's CPU seconds a request of each server, one value a round."""
    result = load()
    result.samples = [
        Sample("plain-64", server, each, {"cpu": value})
        for server, values in seconds.items() for each, value in enumerate(values)
    ]
    return result


def with_websockets():
    """The result with two rounds of a WebSocket echo, too, which picows and a client at its limit take part in."""
    result = load()
    result.servers["picows"] = Server("picows' own API on uvloop", {"picows": "2.3.1"}, None, "python")
    result.scenarios["ws-64"] = Scenario("WebSocket echo", "message")
    for server, seconds, busy in (("fastsrv", 7e-6, 0.99), ("uvicorn", 14e-6, 0.99), ("picows", 5e-6, 0.8)):
        result.samples += [
            Sample("ws-64", server, each, {
                "message": seconds, "message_rate": 1 / seconds, "messages": 1000, "p50": 0.0005, "p99": 0.001,
                "p999": 0.002, "errors": 0, "server_busy": busy, "client_busy": 0.98})
            for each in range(2)]
    return result


def of_all():
    """A result with a figure of every server in every scenario that it takes part in, all of them long."""
    result = load()
    result.scenarios = {name: Scenario(row.title, row.metric) for name, row in SCENARIOS.items()}
    result.servers = {name: Server(row.title, {}, None, row.as_told()) for name, row in SERVERS.items()}
    values = {"cpu": 3456e-6, "message": 3456e-6, "memory": 123e3, "start": 1.234, "lost": 1234,
              "share": 12.34, "p99": 12.34, "stall": 12.34}
    result.samples = [
        Sample(scenario.name, server.name, 0, {scenario.metric: values[scenario.metric]})
        for scenario in SCENARIOS.values() for server in SERVERS.values() if server.reason_against(scenario) is None]
    return result
