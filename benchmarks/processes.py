"""A server as a process tree: start it, wait until it answers, pause, resume and stop it, read what it used. A load as
a process that is not left behind.

Knows no particular server or load, and measures nothing by itself. Called by measure.py, wrk.py and generators.py.
"""

import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

START_PATIENCE = 30  # seconds for the first answer
STOP_PATIENCE = 5  # seconds for an orderly end
SETTLE_PATIENCE = 5  # seconds for the work in hand
SETTLE_LOOK = 0.05  # seconds between two looks at what it uses
SETTLED = 0.1  # share of a core that may be used by one that polls
POLL = 0.001  # seconds between two looks; the precision of the start-up time
LOG_LINES = 5  # how much of a log tells why a server failed
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")  # a user's settings for a server would be a handicap


class Failed(Exception):
    """A server or a load does not do what it should; the text says what it said."""


class ServerProcess:
    """A server that was started by `words`, listens at 127.0.0.1:`port`, and writes to the file `log`.

    folder: where it runs, and where it finds modules. cores: numbers of those that it may use.
    Raises Failed where there is no such program.
    """

    def __init__(self, words, port, log, folder, cores, tls=False):
        self.port = port
        self.log = Path(log)
        self.tls = tls
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = str(folder)
        self.begun = time.monotonic()
        with self.log.open("wb") as output, on_cores(cores):
            # A session of its own: Ctrl-C is for the suite, which stops its servers.
            try:
                self.process = subprocess.Popen(
                    words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True)
            except OSError as error:
                raise Failed(f"{words[0]} cannot be started: {error.strerror}") from error

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/"

    def wait_for(self, ask):
        """Call `ask(self)` until it gets an answer; what it returns, and the seconds since the start.

        ask: raises OSError or HTTPException while nobody listens. Raises Failed if the process ends, or at
        START_PATIENCE.
        """
        while True:
            try:
                return ask(self), time.monotonic() - self.begun
            except (OSError, http.client.HTTPException) as error:
                self.expect_alive()
                if time.monotonic() - self.begun > START_PATIENCE:
                    raise Failed(self.told(f"no answer within {START_PATIENCE} s ({error})")) from error
            time.sleep(POLL)

    def expect_alive(self):
        """Raises Failed if the process has ended."""
        if self.process.poll() is not None:
            raise Failed(self.told(f"ended with status {self.process.returncode}"))

    def tree(self):
        """Process numbers of the whole tree."""
        return process_tree(self.process.pid)

    def expect_whole(self, tree):
        """Raises Failed if a process of `tree`, what tree() was before, has ended: its CPU time is lost."""
        self.expect_alive()
        if not all(map(is_alive, tree)):
            raise Failed(self.told("a process of the server has ended"))

    def settle(self):
        """Wait until it has done what is in hand, or SETTLE_PATIENCE is over."""
        end = time.monotonic() + SETTLE_PATIENCE
        before, used = float("-inf"), self.cpu()
        while (used - before > SETTLED * SETTLE_LOOK or self.waits_for_a_core()) and time.monotonic() < end:
            time.sleep(SETTLE_LOOK)
            before, used = used, self.cpu()

    def waits_for_a_core(self):
        """Where others are busy, who has work in hand may use as little as who has none."""
        return any(state_of(pid, task) == "R" for pid in self.tree() for task in threads_of(pid))

    def told(self, what):
        """`what`, and the end of the log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()[-LOG_LINES:]
        return "; ".join([what, *(line.strip() for line in lines)])

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def stop(self):
        """End it, orderly if it can; when this returns no process of the tree is left."""
        descendants = self.tree()[1:]
        try:
            self.resume()
            self.process.terminate()
            self.process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            descendants += self.tree()[1:]
        finally:  # when interrupted, too
            for pid in descendants:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
            while any(map(is_alive, descendants)):  # they are not ours to wait for
                time.sleep(POLL)

    def signal(self, number):
        for pid in self.tree():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def cpu(self):
        """CPU seconds that the tree has used so far."""
        return sum(cpu_of(pid) for pid in self.tree())

    def memory(self):
        """Resident bytes of the tree. What processes share counts for each."""
        return sum(memory_of(pid) for pid in self.tree())


def process_tree(root):
    """Process numbers: `root` and its descendants, parents first."""
    tree = [root]
    for pid in tree:
        for task in threads_of(pid):
            with contextlib.suppress(OSError):
                tree += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return tree


@contextlib.contextmanager
def load(words, **options):
    """The process of a load, as subprocess.Popen starts it. However the block ends, it has ended, too.

    Raises Failed where the block has waited for it in vain.
    """
    process = None
    try:
        with uninterrupted():
            process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, **options)
        yield process
    except subprocess.TimeoutExpired as error:
        raise Failed(f"the load did not end within {error.timeout:.0f} s") from error
    finally:
        if process is not None:
            with process:
                process.kill()


@contextlib.contextmanager
def uninterrupted():
    """INT, TERM and HUP wait for the end of the block: what is being started must be known before it is stopped."""
    came = []
    handlers = {
        number: signal.signal(number, lambda number, frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in came:
        signal.raise_signal(number)


def is_alive(pid):
    """Whether the process runs, or could: the dead may stand in the table until their parent looks."""
    return state_of(pid, pid) not in "ZX"


def state_of(pid, task):
    """The letter that stands for what a thread is at, "R" if it runs or waits for a core (proc(5)); "X" if it is not
    there."""
    try:
        return Path(f"/proc/{pid}/task/{task}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def threads_of(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return []


def cpu_of(pid):
    """CPU seconds of a process's threads, to the nanosecond (utime and stime count hundredths of a second)."""
    nanoseconds = 0
    for task in threads_of(pid):
        with contextlib.suppress(OSError):
            nanoseconds += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def memory_of(pid):
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def on_cores(cores):
    """Processes that are started within run on `cores`; so does this one, meanwhile."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


@contextlib.contextmanager
def held_port():
    """A free port of 127.0.0.1 that nobody else is given until the block ends, also while no server listens there: it
    is bound, and a server with SO_REUSEADDR, which all have, may bind it, too, as nobody listens on this socket."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def ask(process, method="GET", body=None, fields=(), whole=True, patience=5):
    """Send one request to a ServerProcess; (status, body). whole=False: the body's first bytes will do.

    Raises OSError and HTTPException.
    """
    if process.tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", process.port, timeout=patience, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=patience)
    with contextlib.closing(connection):
        connection.request(method, "/", body, dict(field.split(": ", 1) for field in fields))
        response = connection.getresponse()
        return response.status, response.read() if whole else response.read1()
