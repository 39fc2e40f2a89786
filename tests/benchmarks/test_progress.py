"""What is shown while the suite runs."""

import io

from rich.console import Console

from benchmarks.progress import Progress, shown
from benchmarks.results import Absent, Sample
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import SERVERS

SAMPLE = Sample("plain-64", "fastsrv", 0, {"cpu": 9.5e-6, "rate": 100_000.0, "errors": 2})


def told(terminal):
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100, _environ={})
    with Progress(20, console) as progress:
        progress.say("starting")
        progress.running(SCENARIOS["plain-64"], SERVERS["fastsrv"], 0, 5)
        progress.measured(SAMPLE, SCENARIOS["plain-64"], 10)
        progress.absent(Absent("plain-64", "nginx", "not [installed]"), 10)
        assert progress.left() == "0:00 left"
    return file.getvalue()


def test_plain_lines_where_there_is_no_terminal():
    lines = told(terminal=False).splitlines()
    assert lines[0] == "starting"
    assert "9.50 µs CPU a request" in lines[1] and "100,000 requests/s  2 errors" in lines[1]
    assert lines[2].endswith("absent: not [installed]")
    assert "\x1b" not in "".join(lines)


def test_a_terminal_shows_who_is_running_and_what_is_left():
    text = told(terminal=True)
    assert "plain-64  fastsrv  round 1 of 5" in text
    assert "9.50 µs CPU a request" in text and "not [installed]" in text


def test_every_metric_is_shown_in_its_unit():
    assert shown({"memory": 1669.0}, "memory").strip() == "1.67 KB memory a connection"
    assert shown({"start": 0.1257}, "start").strip() == "126 ms until the first answer"
    assert shown({"lost": 3, "sent": 10_012}, "lost").strip() == "3 lost of 10,000 sent"
    assert shown({}, "cpu") == ""


def test_messages_are_counted_as_such():
    figures = {"message": 7.1e-6, "message_rate": 140_000.0}
    assert shown(figures, "message").split() == ["7.10", "µs", "CPU", "a", "message", "140,000", "messages/s"]
