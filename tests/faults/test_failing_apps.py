"""Apps that fail in every way that leaves the process alive: their client gets a 500 or a cut answer, nobody else
notices. Apps that end the process are in test_dying_workers.py."""

import re

import pytest

from tests.faults.app import FAILURES, GARBAGE
from tests.faults.connections import Connection, crowd
from tests.faults.trial import SHORT_HEADS
from tests.support.client import Answers
from tests.support.wire import get

AT_ONCE = 20
HANGING = 200  # clients that leave while their app hangs
STALL = 1500  # milliseconds: longer than any limit in trial.SHORT_HEADS
RAISED = "The app raised during GET %s"
# What the log says of those of FAILURES that do not just raise.
OTHERS = dict.fromkeys(
    ("CancelledError", "a cancelled task"), "The app was cancelled during GET %s, and not by the server")
OTHERS["nothing"] = "The app returned without completing its response to GET %s"


async def ask(port, path):
    """The one answer to a GET, on a connection of its own."""
    async with Connection(port) as connection:
        await connection.send(get(path, b"Connection: close"))
        answers = Answers().feed(await connection.read_to_end()).feed(b"")
    assert len(answers) == 1
    return answers[0]


def paths(what, ways, rounds):
    return [b"/%b/%d" % (what, way) for way in range(len(ways))] * rounds


def records(what, ways):
    """The one record of the log for each way to fail."""
    return [OTHERS.get(str(way), RAISED) % f"/{what.decode()}/{number}" for number, way in enumerate(ways)]


def check_records(running, wanted, rounds):
    """Each failure is told of, once; of anything else the trial complains."""
    for record in wanted:
        line = rf"\[ERROR\] {re.escape(record)}$"
        running.server.wait_for(line, rounds)
        assert len(re.findall(line, running.server.output, re.MULTILINE)) == rounds, record


@pytest.mark.parametrize(
    ("what", "ways"), [(b"fail", FAILURES), (b"garbage", GARBAGE)], ids=["raise", "send garbage"])
def test_apps_that_fail_before_their_answer_get_a_500(trial, long, what, ways):
    rounds = 200 if long else 20
    asked, told = paths(what, ways, rounds), records(what, ways)
    fault = "apps that raise" if what == b"fail" else "apps that send garbage"
    with trial(fault, expected=[re.escape(record) + "$" for record in told]) as running:
        answers = running.run(crowd(len(asked), lambda number: ask(running.port, asked[number]), AT_ONCE), bound=120)
        check_records(running, told, rounds)
    assert {(answer.status, answer.body, answer.complete) for answer in answers} == {
        (500, b"Internal Server Error\n", True)}


def test_apps_that_fail_within_their_answer_get_it_cut(trial, long):
    rounds = 200 if long else 20
    asked, told = paths(b"fail_later", FAILURES, rounds), records(b"fail_later", FAILURES)
    with trial("apps that raise midway", expected=[re.escape(record) + "$" for record in told]) as running:
        answers = running.run(crowd(len(asked), lambda number: ask(running.port, asked[number]), AT_ONCE), bound=120)
        check_records(running, told, rounds)
    assert {(answer.status, answer.complete) for answer in answers} == {(200, False)}


def test_apps_that_hang_while_their_clients_go(trial):
    async def ask_and_leave(number):
        async with Connection(running.port) as connection:
            await connection.send(get(b"/hang/%d" % number))
            await ask(running.port, b"/ignore/0")  # who comes later is answered: the app hangs by now
            if number % 2:
                connection.reset()

    with trial("apps that hang, their clients gone", "--asgi-disconnect-grace-period", "1") as running:
        running.run(crowd(HANGING, ask_and_leave, AT_ONCE))
        # Who was reset has gone: their apps are cancelled. Who has ended its side may wait: theirs are not.
        running.until(lambda state: state["tasks"] < HANGING * 3 / 4)
        running.run(ask(running.port, b"/release/0"))


def test_apps_that_block_the_loop(trial, long):
    """Nobody's time runs while the loop is blocked, and nobody is closed for it."""
    async def stall(number):
        assert (await ask(running.port, b"/block/%d" % STALL)).status == 200

    with trial(f"apps that block the loop for {STALL / 1000} s", config=SHORT_HEADS) as running:
        running.run(crowd(5 if long else 1, stall, at_once=1))
