"""How many instructions a request takes, the kernel's apart: `python -m tools.instructions [GUNICORN'S WORDS]`.

gunicorn serves benchmarks.apps:plain under valgrind's callgrind, to one client that asks one thing after another; what
a run of many requests counts more than one of few is theirs. On a quiet machine the same to a thousandth each time; on
a busy one a run lasts longer, and the worker looks after itself more often. The words are gunicorn's: `-k asgi`,
`--access-logfile /dev/null`; fastsrv's settings are in the environment. Needs valgrind.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FEW, MANY = 2_000, 12_000  # requests
REQUEST = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"
END = b"Hello, World!"
PATIENCE = 120  # seconds, for a start and for an answer
LISTENING = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+)")
TOTALS = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def counted(words: list[str], requests: int) -> int:
    """Instructions of the worker's whole life."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "valgrind", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={folder}/%p", "-q",
            sys.executable, "-m", "gunicorn", "-k", "fastsrv.Worker", "--bind", "127.0.0.1:0", "--timeout", "0",
            "--no-control-socket", *words, "benchmarks.apps:plain"]
        environ = {**os.environ, "PYTHONHASHSEED": "0"}
        with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            port = next(int(found[1]) for found in map(LISTENING.search, server.stderr) if found)
            ask(port, requests)
            server.terminate()
            server.stderr.read()
        return max(int(total) for file in Path(folder).iterdir() for total in TOTALS.findall(file.read_text()))


def ask(port: int, requests: int) -> None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        for _ in range(requests):
            connection.sendall(REQUEST)
            answer = b""
            while not answer.endswith(END):
                part = connection.recv(65536)
                if not part:
                    raise SystemExit(f"the connection has ended behind {answer!r}")
                answer += part


if __name__ == "__main__":
    few, many = (counted(sys.argv[1:], requests) for requests in (FEW, MANY))
    print(f"{(many - few) / (MANY - FEW):,.0f} instructions a request")
