"""fastsrv/log/aside.py: nobody waits for the log, and its lines come in their order."""

import threading

from fastsrv.log.aside import WAITING, AsideLog
from tests.support.servers import PATIENCE


class Log:
    """Hangs while it is closed."""

    def __init__(self):
        self.lines = []
        self.begun, self.opened = threading.Event(), threading.Event()

    def warning(self, message, *args, **options):
        self.begun.set()
        assert self.opened.wait(PATIENCE)
        self.lines.append((message % args, options))


def test_lines_come_in_their_order_once_the_log_takes_them():
    aside = AsideLog(log := Log())
    for number in range(10):
        aside.warning("%d", number, exc_info=number)
    aside.finish(0.0)
    assert log.lines == []
    log.opened.set()
    aside.finish(PATIENCE)
    assert log.lines == [(str(number), {"exc_info": number}) for number in range(10)]


def test_no_thread_is_left_when_all_is_written():
    aside = AsideLog(log := Log())
    log.opened.set()
    for number in range(3):
        aside.warning("%d", number)
        aside.finish(PATIENCE)
        assert "fastsrv's log" not in [thread.name for thread in threading.enumerate()]
    assert len(log.lines) == 3


def test_oldest_lines_are_lost_when_too_many_wait():
    aside = AsideLog(log := Log())
    aside.warning("first")
    assert log.begun.wait(PATIENCE)
    for number in range(WAITING + 5):
        aside.warning("%d", number)
    log.opened.set()
    aside.finish(PATIENCE)
    assert [line for line, _ in log.lines] == ["first", *map(str, range(5, WAITING + 5))]
