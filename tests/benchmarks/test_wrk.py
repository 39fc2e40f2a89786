"""The line that wrk's script prints, and what is said when it is not there."""

import pytest

from benchmarks import wrk
from benchmarks.processes import Failed

PRINTED = """\
Running 2s test @ http://127.0.0.1:8000/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   592.00us    1.10ms  16.41ms   96.36%
  200000 requests in 2.00s, 27.10MB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5

{"requests": 200000, "duration": 2000000, "p50": 592, "p99": 2368, "p999": 16411, \
"connect": 1, "read": 2, "write": 3, "timeout": 4, "status": 5}
"""


def test_figures_are_in_seconds_and_counts():
    figures = wrk.parse(PRINTED)
    assert figures == pytest.approx({
        "requests": 200_000, "rate": 100_000, "errors": 15, "p50": 592e-6, "p99": 2368e-6, "p999": 16411e-6})


def test_what_wrk_says_instead_of_figures_is_told():
    with pytest.raises(Failed, match="unable to connect to 127"):
        wrk.parse("unable to connect to 127.0.0.1:8000 Connection refused\n")


def test_silence_is_told():
    with pytest.raises(Failed, match="printed no line of figures"):
        wrk.parse("")


@pytest.mark.parametrize("line", [
    '{"requests": 1',
    '{"requests": 1, "duration": 2}',
    PRINTED.splitlines()[-1].replace("2000000", "0"),
    PRINTED.splitlines()[-1].replace("200000,", '"many",'),
], ids=["cut", "incomplete", "no time", "no number"])
def test_another_line_than_the_scripts_is_told(line):
    with pytest.raises(Failed, match=r"is not as lua/load\.lua writes it"):
        wrk.parse(line)
