"""Origin: an access log that was switched off by a NullHandler, whose lock is None, gave a traceback with each request:
the short way to the log took any handler of the logging module for one that writes to a stream."""

import io
import logging

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger

from fastsrv.log.access import Access
from tests.support.apps import hello
from tests.support.wire import get

PLAIN = logging.Formatter(Logger.access_fmt)


class Own(logging.StreamHandler):
    """Adds nothing, but might."""


def with_changes(handler, **changes):
    for name, value in changes.items():
        setattr(handler, name, value)
    return handler


def stream(**changes):
    return with_changes(logging.StreamHandler(io.StringIO()), **changes)


def closed():
    file = io.StringIO()
    file.close()
    return file


@pytest.fixture
def access(wire):
    """access(handler) -> what two requests leave in the logs: its lines, and those of the error log."""
    logger, errors = logging.getLogger("gunicorn.access"), logging.getLogger("gunicorn.error")

    def ask(handler, formatter=PLAIN, warm=False):
        cfg = GunicornConfig()
        cfg.set("accesslog", "-")
        cfg.set("access_log_format", "%(U)s")
        log = Logger(cfg)
        errors.handlers[:] = [logging.StreamHandler(io.StringIO())]
        handler.setFormatter(formatter)
        if not warm:
            logger.handlers[:] = [handler]
        it = wire(hello, finished=Access(None, cfg, log).finished).send(get(b"/warm"))
        logger.handlers[:] = [handler]
        it.send(get(b"/1"), get(b"/2"))
        assert it.output.count(b"200 OK") == 3
        assert errors.handlers[0].stream.getvalue() == ""

    yield ask
    logger.handlers.clear()
    errors.handlers.clear()
    logger.propagate = errors.propagate = True


@pytest.mark.parametrize("warm", [False, True], ids=["from the start", "later"])
@pytest.mark.parametrize("make", [
    logging.NullHandler, lambda: Own(io.StringIO()), stream,
], ids=["NullHandler", "subclass", "plain"])
def test_nothing_of_it_is_an_error(access, capsys, make, warm):
    access(make(), warm=warm)
    assert capsys.readouterr().err.count("Traceback") == 0


@pytest.mark.parametrize("make", [
    lambda: stream(stream=None), lambda: stream(stream=closed()), lambda: stream(stream=object()),
    lambda: stream(terminator=None),
], ids=["no stream", "closed stream", "none that writes", "no terminator"])
def test_what_logging_itself_complains_of_is_told_as_logging_does(access, capsys, make):
    access(make())
    assert capsys.readouterr().err.count("--- Logging error ---") == 3


def test_lines_of_a_handler_of_the_users_own_are_written(access):
    handler = Own(io.StringIO())
    access(handler)
    assert handler.stream.getvalue() == "/warm\n/1\n/2\n"


def test_terminator_is_the_handlers(access):
    handler = stream(terminator="|")
    access(handler)
    assert handler.stream.getvalue() == "/warm|/1|/2|"


def test_stream_that_is_replaced_gets_the_next_line(access):
    handler, other = stream(), io.StringIO()
    access(handler)
    handler.setStream(other)
    access(handler)
    assert other.getvalue() == "/warm\n/1\n/2\n"


def test_style_of_the_formatter_is_kept(access):
    handler = stream()
    access(handler, logging.Formatter("%(message)s {message}", style="{", validate=False))
    assert handler.stream.getvalue() == "%(message)s /warm\n%(message)s /1\n%(message)s /2\n"
