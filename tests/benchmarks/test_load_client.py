"""What the load generators share: reading answers, percentiles, and how a failure ends the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.load.client import Client, Failure, Target, answer_size, percentiles

ROOT = Path(__file__).parents[2]
ANSWER = b"HTTP/1.1 200 OK\r\nserver: x\r\nContent-Length: 5\r\n\r\nHello"


class Counting(Client):
    answers = 0

    def answered(self):
        self.answers += 1


@pytest.mark.parametrize("cut", range(1, len(ANSWER)))
def test_answer_in_two_pieces(cut):
    client = Counting(None)
    client.data_received(ANSWER[:cut])
    assert client.answers == 0
    client.data_received(ANSWER[cut:])
    assert client.answers == 1
    client.data_received(ANSWER)
    assert client.answers == 2


def test_more_than_was_asked_for():
    with pytest.raises(Failure, match="1 bytes more"):
        Counting(None).data_received(ANSWER + b"!")


@pytest.mark.parametrize(("answer", "complaint"), [
    (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "answered HTTP/1.1 503 Service Unavailable"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "no Content-Length"),
])
def test_answer_that_is_of_no_use(answer, complaint):
    with pytest.raises(Failure, match=complaint):
        answer_size(answer)


def test_target():
    target = Target("http://127.0.0.1:8000/path")
    assert target.address == ("127.0.0.1", 8000)
    assert target.request == b"GET /path HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"
    with pytest.raises(Failure):
        Target("https://127.0.0.1/")


def test_percentiles():
    assert percentiles(range(1001)) == {"p50": 500, "p99": 990, "p999": 999}
    assert percentiles([7]) == {"p50": 7, "p99": 7, "p999": 7}
    assert percentiles([]) == {}


@pytest.mark.parametrize("job", ["race", "idle", "events", "websocket", "broadcast"])
def test_failure_is_status_1_with_a_message(job):
    command = [sys.executable, "-m", f"benchmarks.load.{job}", "--url", "http://127.0.0.1:1/"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("cannot connect to 127.0.0.1:1")
