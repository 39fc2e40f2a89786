"""The stored result of a run: dataclasses, and the JSON file that they are written to and read from.

Measures nothing and computes nothing (summary.py does). A file is whole at any moment, so that a run can be resumed.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

FORMAT = 1


@dataclass
class Server:
    """What a server was: versions by distribution ("python" among them), and the event loop's class, as the running
    server tells them; None for the loop of one that tells none."""

    title: str
    versions: dict[str, str]
    interpreter: str | None
    command: str
    loop: str | None = None


@dataclass
class Scenario:
    """metric: the figure that tables and ratios are about, "cpu", "message", "memory", "start", "lost", "share",
    "p99" or "stall"."""

    title: str
    metric: str


@dataclass
class Sample:
    """One measured run of a server. figures: seconds, bytes and counts by name; a key only where it was measured."""

    scenario: str
    server: str
    round: int
    figures: dict[str, float]


@dataclass
class Absent:
    """Why there is no figure of a server in a scenario."""

    scenario: str
    server: str
    reason: str


@dataclass
class Result:
    """A run of the suite, complete when `finished` has its time.

    started, finished: ISO 8601, UTC. commit, dirty: of the checkout.
    machine: cpu, cores, memory (bytes), kernel, system.
    method: rounds, seconds and warm_up (seconds) of one run, requests of a race, server_cores and load_cores (the
    kernel's numbers).
    """

    started: str
    commit: str | None
    dirty: bool
    machine: dict[str, str | int]
    method: dict[str, float | list[int]]
    finished: str | None = None
    servers: dict[str, Server] = field(default_factory=dict)
    scenarios: dict[str, Scenario] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    format: int = FORMAT

    def has(self, scenario, server, round):
        """Whether this run needs no measuring: it has its sample, or the server is absent from the scenario."""
        return self.is_absent(scenario, server) or any(
            (sample.scenario, sample.server, sample.round) == (scenario, server, round) for sample in self.samples)

    def is_absent(self, scenario, server):
        return any((absent.scenario, absent.server) == (scenario, server) for absent in self.absent)

    def forget_cut_rounds(self):
        """Drop the samples of each round that lacks a server: a ratio is of two taken one soon after the other."""
        rounds = {(sample.scenario, sample.round) for sample in self.samples}
        whole = {(scenario, round) for scenario, round in rounds
                 if all(self.has(scenario, server, round) for server in self.servers)}
        self.samples = [sample for sample in self.samples if (sample.scenario, sample.round) in whole]

    def write(self, path):
        """Write it to `path` at once and whole: a reader sees the old file or the new one."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".new")
        unfinished.write_text(json.dumps(asdict(self), indent=1) + "\n")
        os.replace(unfinished, path)


def load(path):
    """The Result stored at `path`. Raises ValueError, with the reason, if there is none in the file."""
    try:
        values = json.loads(Path(path).read_text())
        if values.get("format") != FORMAT:
            raise ValueError(f"format {values.get('format')!r}, and this reads format {FORMAT}")
        return Result(**{
            **values,
            "servers": {name: Server(**facts) for name, facts in values["servers"].items()},
            "scenarios": {name: Scenario(**facts) for name, facts in values["scenarios"].items()},
            "samples": [Sample(**sample) for sample in values["samples"]],
            "absent": [Absent(**absent) for absent in values["absent"]],
        })
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is no stored result: {error}") from error
