"""fastsrv/log/escaped.py: no control character leaves by gunicorn's error log, whatever an app's error quotes."""

import io
import logging
import re

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger

from fastsrv.log.escaped import EscapingFormatter, escape_controls

SPOKEN = "".join(map(chr, range(256)))


@pytest.fixture
def log():
    """gunicorn's, whose error log is written to `written`."""
    log = Logger(GunicornConfig())
    log.written = io.StringIO()
    for handler in log.error_log.handlers:
        if getattr(handler, "_gunicorn", False):
            handler.setStream(log.written)
    escape_controls(log)
    yield log
    log.error_log.handlers.clear()
    log.error_log.propagate = True


@pytest.mark.parametrize("code", range(256), ids=hex)
def test_every_character_in_an_errors_traceback(log, code):
    try:
        raise ValueError(f"a{chr(code)}b")
    except ValueError:
        log.exception("The app raised during %s", f"GET /{chr(code)}")
    text = log.written.getvalue()
    assert re.fullmatch(r"[\n\t -~\xa0-\xff]+", text)
    assert "ValueError: a" in text
    assert "Traceback (most recent call last):\n  File " in text


def test_others_see_the_error_itself(log):
    """Sentry's handler, for one."""
    seen = []

    class Listener(logging.Handler):
        def emit(self, record):
            seen.append((record.getMessage(), record.exc_info[1], self.format(record)))

    log.error_log.addHandler(Listener())
    failure = ValueError("\x1b[2J")
    log.error("raised during %s", "\x1b", exc_info=failure)
    assert seen[0][:2] == ("raised during \x1b", failure)
    assert "ValueError: \x1b[2J" in seen[0][2]
    assert "ValueError: \\x1b[2J" in log.written.getvalue()


def test_surrogate_costs_no_line(log):
    """What has no UTF-8 could not be written."""
    (handler, *_) = log.error_log.handlers
    text = handler.format(logging.makeLogRecord({"msg": "\udcff"}))
    assert text.encode().endswith(rb"\udcff")


def test_format_is_gunicorns(log):
    log.error("a line")
    assert re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[ERROR\] a line\n",
                        log.written.getvalue())


def test_formatter_of_the_users_own_is_left_alone(log):
    class Own(logging.Formatter):
        pass

    (handler, *_) = log.error_log.handlers
    handler.setFormatter(Own())
    escape_controls(log)
    assert type(handler.formatter) is Own


def test_once_is_enough(log):
    (handler, *_) = log.error_log.handlers
    formatter = handler.formatter
    escape_controls(log)
    assert handler.formatter is formatter
    assert type(formatter) is EscapingFormatter


def test_logger_of_another_kind_is_left_alone():
    escape_controls(object())
