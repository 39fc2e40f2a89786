"""haproxy.cfg before two gunicorns, of which one after the other is stopped and started: no request is lost."""

import http.client
import signal
import threading
from contextlib import ExitStack, closing

from tests.deploy.served import CONFIG, SOURCE, secure, told_by
from tests.support.deployed import DeployedHaproxy
from tests.support.proxies import held_port
from tests.support.servers import PATIENCE, Gunicorn

EVENLY = 50  # answers: among so many are some of each machine


class Asking:
    """Clients that ask one request after another, from `with` to its end."""

    def __init__(self, port):
        self.port = port
        self.arbiters = []  # who has answered, by pid
        self.lost = []  # what was raised instead
        self.news = threading.Condition()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(4)]

    def ask(self):
        with closing(secure(self.port)) as client:
            while not self.over.is_set():
                try:
                    known, what = self.arbiters, told_by(client, "/slow")["arbiter"]
                except (OSError, AssertionError, http.client.HTTPException) as failure:
                    known, what = self.lost, failure
                    client.close()
                with self.news:
                    known.append(what)
                    self.news.notify_all()

    def served_by(self, machines):
        """Wait until all of these answer, and nobody else does. None may be lost so far."""
        pids = {each.process.pid for each in machines}
        with self.news:
            served = self.news.wait_for(lambda: self.lost or set(self.arbiters[-EVENLY:]) == pids, PATIENCE)
            assert served and not self.lost, self.lost

    def __enter__(self):
        for each in self.threads:
            each.start()
        return self

    def __exit__(self, *failure):
        self.over.set()
        for each in self.threads:
            each.join()


def test_rolling_restart_behind_haproxy_loses_nothing(tmp_path):
    """Two machines with a gunicorn each, of which one after the other is stopped and started."""
    with ExitStack() as stack:
        ports, admins = ([stack.enter_context(held_port()) for _ in range(2)] for _ in range(2))

        def machine(number):
            folder = tmp_path / f"machine{number}"
            folder.mkdir(exist_ok=True)
            (folder / "served.py").write_text(SOURCE)
            return stack.enter_context(Gunicorn(
                folder, "served:app", "--proxy-protocol", "v2", bind=f"127.0.0.1:{ports[number]}", config=CONFIG,
                env={"FASTSRV_ADMIN_BIND": f"127.0.0.1:{admins[number]}", "FASTSRV_SHUTDOWN_DELAY": "2",
                     "WEB_CONCURRENCY": "1"}))

        machines = [machine(number) for number in range(2)]
        for each in machines:
            each.wait_for("Ready after")
        proxy = stack.enter_context(DeployedHaproxy(tmp_path, *zip(ports, admins, strict=True)))
        with Asking(proxy.port) as clients:
            for number in range(2):
                clients.served_by(machines)
                machines[number].signal(signal.SIGTERM)
                assert machines[number].wait() == 0
                machines[number] = machine(number)
                machines[number].wait_for("Ready after")
            clients.served_by(machines)
        assert not clients.lost
