"""The method: every scenario, all its servers, rounds interleaved over the servers, one of them running at a time.

What each load does is in wrk.py and generators.py; what is stored is in results.py. Called by __main__.py.
"""

import contextlib
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import environments, generators, nginx, wrk
from benchmarks.apps import START
from benchmarks.environments import CERTIFICATE, ROOT
from benchmarks.load.client import Failure
from benchmarks.load.sockets import Messages, WebSocket
from benchmarks.processes import Failed, ServerProcess, ask, held_port, uninterrupted
from benchmarks.results import Absent, Sample, Server
from benchmarks.scenarios import Scenario
from benchmarks.servers import SYSTEM
from benchmarks.summary import changed, server_facts

VERSIONS = Scenario("versions", "versions", app="benchmarks.apps:versions", answer=None)
WARM_UP_CONNECTIONS = 50  # before idle ones are counted: what they leave behind is no cost of a connection
EXPECTED = {  # seconds of a sample, for the estimate of what is left
    "memory": 3.0, "start": 0.5, "lost": 40.0, "share": 3.0, "stall": 4 * START}
COUNTED = {"cpu": "requests", "message": "messages"}  # what the CPU time of a metric is divided by


def expected(scenario, method):
    """Seconds that a sample is likely to take."""
    return EXPECTED.get(scenario.metric, method["seconds"] * scenario.lasts + method["warm_up"])


def rounds_of(scenario, method):
    return min(method["rounds"], scenario.rounds or method["rounds"])


class Suite:
    """Measures what `result` has not yet, and tells `store` after each sample.

    servers, scenarios: lists of rows. peers: environments.Peers. progress: what is told how far it is.
    Used as a context: its end stops all servers.
    """

    def __init__(self, result, servers, scenarios, peers, store, progress):
        self.result = result
        self.method = result.method
        self.servers = servers
        self.scenarios = scenarios
        self.peers = peers
        self.store = store
        self.progress = progress
        self.open = contextlib.ExitStack()

    def __enter__(self):
        self.folder = Path(self.open.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        return self

    def __exit__(self, *failure):
        self.open.close()

    def run(self):
        for server in self.servers:
            facts = self.facts(server)
            begun = self.result.servers.get(server.name)
            if begun is not None and begun.versions:  # without them it could not be asked then
                self.expect_same(server.name, begun, facts)
            self.result.servers[server.name] = facts
        for scenario in self.scenarios:
            self.measure(scenario)

    @staticmethod
    def expect_same(name, begun, now):
        """A resumed run ends if a server is another one than it was: one result, one version of each."""
        differing = changed(server_facts(begun), server_facts(now))
        if differing:
            was = ", ".join(f"{fact} {old}" for fact, old, _ in differing if old is not None)
            is_now = ", ".join(f"{fact} {new}" for fact, _, new in differing if new is not None)
            sys.exit(f"the run cannot be resumed: {name} was begun with {was or 'none of it'}, and now has "
                     f"{is_now or 'none of it'}")

    def facts(self, server):
        """What the result says of `server`, its versions as it tells them itself."""
        self.progress.say(f"{server.name}: what it is")
        command = server.as_told()
        try:
            programs = environments.programs(server, self.peers)  # Failed where one is missing
            if server.environment == SYSTEM:
                return Server(server.title, {server.name: environments.nginx_version()}, None, command)
            told = environments.versions_within(programs["python"]) if server.is_floor else self.ask_versions(server)
            loop = None if server.is_floor else told["loop"]
        except Failed:
            return Server(server.title, {}, None, command)  # the scenarios will say why
        return Server(server.title, environments.versions(server, told), environments.interpreter(told), command, loop)

    def ask_versions(self, server):
        with self.running(server, VERSIONS) as process:
            return json.loads(ask(process)[1])

    def measure(self, scenario):
        """All rounds of one scenario that the result does not have."""
        rounds = range(rounds_of(scenario, self.method))
        with contextlib.ExitStack() as running:
            processes = {}
            for server in self.servers:
                if all(self.result.has(scenario.name, server.name, round) for round in rounds):
                    continue
                with self.absent_if_failed(scenario, server):
                    self.expect_possible(server, scenario)
                    if not scenario.fresh:
                        self.progress.say(f"{scenario.name}: starting {server.name}")
                        processes[server.name] = running.enter_context(self.running(server, scenario))
                        processes[server.name].pause()
            for round in rounds:
                for server in self.servers:
                    if not self.result.has(scenario.name, server.name, round):
                        self.progress.running(scenario, server, round, len(rounds))
                        with self.absent_if_failed(scenario, server):
                            self.sample(scenario, server, round, processes.get(server.name))

    def sample(self, scenario, server, round, process):
        """Measure once and store it. process: the paused server, unless each sample has one of its own."""
        if process is None:
            with self.running(server, scenario) as process:
                figures = self.figures(scenario, process)
        else:
            process.resume()
            try:
                figures = self.figures(scenario, process)
            finally:
                process.pause()
        sample = Sample(scenario.name, server.name, round, figures)
        self.result.samples.append(sample)
        self.store()
        self.progress.measured(sample, scenario, expected(scenario, self.method))

    @contextlib.contextmanager
    def absent_if_failed(self, scenario, server):
        """What fails within leaves the server out of the scenario, and the reason in the result."""
        try:
            yield
        except Failed as failure:
            absent = Absent(scenario.name, server.name, str(failure))
            missing = sum(not self.result.has(scenario.name, server.name, round)
                          for round in range(rounds_of(scenario, self.method)))
            self.result.absent.append(absent)
            self.store()
            self.progress.absent(absent, missing * expected(scenario, self.method))

    def expect_possible(self, server, scenario):
        """Raises Failed if it is known beforehand that `server` cannot take part."""
        reason = server.reason_against(scenario)
        if reason is not None:
            raise Failed(reason)
        if scenario.load == "wrk" and not wrk.is_there():
            raise Failed(wrk.MISSING)
        environments.programs(server, self.peers)

    def figures(self, scenario, process):
        """What one sample of a running server says."""
        if scenario.metric == "start":
            return {"start": process.start}
        if scenario.metric == "memory":
            return self.idle(scenario, process)
        if scenario.metric == "stall":  # its processes come and go
            return generators.run_reload(process, scenario)
        return self.loaded(scenario, process)

    # Servers

    def words(self, server, scenario, port):
        values = environments.programs(server, self.peers)
        if server.environment == SYSTEM:
            values["configuration"] = nginx.configure(scenario, port, self.folder)
        return server.words(scenario, port=port, certificate=CERTIFICATE, **values)

    @contextlib.contextmanager
    def running(self, server, scenario):
        """A ServerProcess that has given a right answer; its `start` is how many seconds that took."""
        with held_port() as port:
            process = None
            try:
                with uninterrupted():
                    process = ServerProcess(
                        self.words(server, scenario, port), port, self.folder / f"{server.name}.log", ROOT,
                        self.method["server_cores"], tls=scenario.tls)
                _, process.start = process.wait_for(lambda process: probe(process, scenario))
                yield process
            finally:
                if process is not None:
                    process.stop()

    # Loads

    def loaded(self, scenario, process):
        """The figures of a run under load, after a warm-up."""
        if scenario.websocket:  # its connections stand before the one begins and after the other ends
            with generators.connections(process.url, scenario, scenario.connections) as standing:
                return self.counted(scenario, process, standing.run, standing.cpu)
        return self.counted(scenario, process, lambda seconds: self.load(scenario, process, seconds), children_cpu)

    def counted(self, scenario, process, load, load_cpu):
        """load(seconds) -> figures; load_cpu() -> CPU seconds that it has used so far."""
        if scenario.load != "race":
            load(self.method["warm_up"])
            process.settle()  # what it still does for the warm-up is no cost of what is counted
        tree = process.tree()
        begun, server_cpu, client_cpu = time.monotonic(), process.cpu(), load_cpu()
        figures = load(self.method["seconds"] * scenario.lasts)
        elapsed, server_cpu, client_cpu = (
            time.monotonic() - begun, process.cpu() - server_cpu, load_cpu() - client_cpu)
        process.expect_whole(tree)
        if scenario.metric in COUNTED:
            what = COUNTED[scenario.metric]
            if not figures[what]:
                raise Failed(process.told(f"of all {what} none was answered"))
            figures[scenario.metric] = server_cpu / figures[what]
        return figures | {"server_busy": server_cpu / elapsed, "client_busy": client_cpu / elapsed}

    def load(self, scenario, process, seconds):
        if scenario.load == "wrk":
            return wrk.run(process.url, scenario, seconds)
        return generators.run(process.url, scenario, seconds, self.method["requests"])

    def idle(self, scenario, process):
        """Bytes that the server's processes grow by for an idle connection."""
        with generators.connections(process.url, scenario, WARM_UP_CONNECTIONS):
            pass
        before = process.memory()
        with generators.connections(process.url, scenario, scenario.connections) as standing:
            return {"memory": (process.memory() - before) / standing.number}


def probe(process, scenario):
    """See that a first request gets the right answer, or a first message. Raises OSError and HTTPException while nobody
    listens, and Failed for another answer."""
    if scenario.websocket:
        return probe_websocket(process, Messages(scenario.message, scenario.binary, scenario.deflate))
    body = b"x" * scenario.upload
    status, body = ask(
        process, "POST" if body else "GET", body or None, scenario.fields, whole=scenario.load != "events")
    if status != 200 or scenario.answer not in (None, len(body)):
        raise Failed(process.told(f"answered {status} with {len(body)} bytes, not 200 with {scenario.answer}"))


def probe_websocket(process, messages):
    try:
        with contextlib.closing(WebSocket(process.url, messages)) as connection:
            connection.ask()
            connection.answer()
    except Failure as failure:
        raise Failed(process.told(str(failure))) from failure


def children_cpu():
    """CPU seconds of the processes that have been started and have ended: loads, while one is measured."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
