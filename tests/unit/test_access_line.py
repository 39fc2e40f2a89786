"""fastsrv/log/line.py and atoms.py: the short way to the access log writes what the long way, gunicorn's own,
writes; and what listens to logging on the long way is never passed by."""

import base64
import logging
import os
from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsrv.log import atoms
from fastsrv.log.access import Access, Request, Response
from fastsrv.log.line import AccessLine
from tests.support.apps import hello
from tests.support.wire import Wire, get

NAMES = [
    "Referer", "User-Agent", "user-agent", "User_Agent", "Authorization", "authorization", "Content-Type",
    "Content_Type", "X-A.b", "X-A-B", "X_A_B", "X-A_B", "Http-X", "Accept",
]
ASKED = [
    *"hlutrsmUqHbBfaTDMLpX", "", "{", "{}i", "{}e", "{x-a-b", "{x-a-b}", "{x-a-b}u", "{X-A-B}I", "{ü}i", "{ü}o", "{ü}e",
    "{http_\u017f}e", "{RAW_URI}e", "{wsgi.url_scheme}E", "{Remote_Port}e", "{http_}e", "{http_x-a-b}e", "{accept}e",
    "{http_content_type}e", "{content_length}e", "{first_byte}e", "{received}e", "{connection_ended}e", "{request_id}e",
    *(f"{{{name}}}{kind}" for name in NAMES for kind in "io"),
    *(f"{{{before}{name.replace('-', '_')}}}e" for name in NAMES for before in ("", "HTTP_")),
]
words = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=12)
credentials = st.one_of(words, words.map(lambda text: base64.b64encode(text.encode()).decode()), st.sampled_from([
    base64.b64encode(user).decode() for user in (b"ann:secret", b'a"b:', b"\n:", b"\xff:", b":", b"", b"no colon")]))
authorizations = st.builds(
    lambda scheme, space, text: scheme + space + text,
    st.sampled_from(["Basic", "basic", "BASICS", "Bearer", ""]), st.sampled_from([" ", "", "  "]), credentials)
values = st.one_of(words, st.sampled_from(['say "it"', "a\tb", "", "\x85\x9b2J", "%(h)s", "%%"]))
pairs = st.one_of(
    st.tuples(st.just("Authorization"), authorizations), st.tuples(st.sampled_from(NAMES), values))
answers = st.builds(
    lambda status, headers, body: SimpleNamespace(status=status, headers=headers, body=body),
    st.sampled_from([200, 204, 304, 404, 500, 599, 999]),
    st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=4), st.binary(max_size=20))
ONCE = ("authorization", "content-type")  # two are refused


def acceptable(fields):
    return [field for index, field in enumerate(fields) if field[0].lower() not in ONCE
            or field[0].lower() not in [name.lower() for name, _ in fields[:index]]]


requests = st.builds(
    lambda method, target, version, fields: (
        f"{method} {target} HTTP/{version}\r\nHost: example.org\r\n".encode()
        + "".join(f"{name}: {value}\r\n" for name, value in fields).encode("latin-1") + b"\r\n"),
    st.sampled_from(["GET", "HEAD", "OPTIONS", "DELETE"]),
    st.sampled_from([
        "/", "/a?b=c&d", '/%22"?"', "/%0a%1b%E2%80%AE", "/%ff%C3%A9", "http://example.net/x?y", "//", "/%25(h)s"]),
    st.sampled_from(["1.1", "1.0"]), st.lists(pairs, max_size=6).map(acceptable))
formats = st.lists(st.one_of(
    st.sampled_from(ASKED).map(lambda name: f"%({name})s"),
    st.sampled_from([
        "%%", " ", "%", "%s", "%(D)d", "%(h)10s", "%(h", "(h)s", '"', "ü", "%%(h)s", "%(B)i", "%(a(b)c)s", "\n"]),
), max_size=5).map("".join)


def cycle_of(request, answer, unix=False):
    """The cycle of one request, as the access log gets it."""
    async def app(scope, receive, send):
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    cycles = []
    wire = Wire(app, unix=unix, finished=cycles.append)
    try:
        wire.send(request)
    finally:
        wire.close()
    return cycles[0]


@pytest.fixture(scope="module")
def cycle():
    return cycle_of(get(b"/path", b"User-Agent: curl"), SimpleNamespace(status=200, headers=[], body=b"Hello, world!"))


@pytest.fixture
def written(tmp_path):
    """written() -> the lines in the access log."""
    return lambda: (tmp_path / "access.log").read_text().splitlines()


# --- the same line ---


@settings(max_examples=300, deadline=None)
@given(requests, answers, st.booleans(), formats)
def test_each_atom_is_what_gunicorn_makes_of_it(request, answer, unix, log_format):
    log = Logger(GunicornConfig())
    cycle = cycle_of(request, answer, unix)
    makes = log.atoms(Response(cycle), Request(cycle), atoms.environ(cycle), atoms.took(cycle))
    makes["t"] = "the time is for another test"
    safe = log.atoms_wrapper_class(makes)
    for name in {*makes, *ASKED} - {"t", "{json}e"}:  # which has the time, too: test_json_object.py
        assert atoms.line_of(f"%({name})s", log._get_user)(cycle) == f"%({name})s" % safe, name
    line = atoms.line_of(log_format, log._get_user)
    assert line is None or "%(t)s" in log_format or line(cycle) == log_format % safe


@given(st.floats(0, 1e6))
def test_time_taken_is_what_gunicorn_makes_of_it(cycle, took):
    log = Logger(GunicornConfig())
    makes = log.atoms(Response(cycle), Request(cycle), atoms.environ(cycle), timedelta(seconds=took))
    for name in "TDML":
        assert atoms.ATOMS[name](SimpleNamespace(took=took)) == str(makes[name])


def test_time_of_the_line_is_gunicorns(cycle):
    log = Logger(GunicornConfig())
    line = atoms.line_of("%(t)s", log._get_user)
    assert any(line(cycle) == log.now() for _ in range(100_000))  # a second begins for one of them before the other


@pytest.mark.parametrize("log_format", ["%(D)d", "%(h)10s", "%s", "%", "%(h", "100% of %(h)s", "%(a(b)c)s"])
def test_other_conversions_than_plain_ones_are_left_to_the_long_way(log_format):
    assert atoms.line_of(log_format, Logger(GunicornConfig())._get_user) is None


def test_both_ways_write_the_same_bytes(make_log, written, cycle):
    log = make_log(access_log_format='%(h)s %(l)s %(u)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(L)s %(p)s 100%% é')
    assert AccessLine.find(log).write(cycle)
    log.access_log.addFilter(lambda record: True)  # wants to see records: the long way
    assert not AccessLine.find(log).write(cycle)
    Access(None, log.cfg, log).tell(cycle)
    short, long = written()
    assert short == long
    assert short.startswith('192.0.2.7 - - "GET /path HTTP/1.1" 200 13 "-" "curl" 0.')
    assert short.endswith(f"<{os.getpid()}> 100% é")


def test_line_tells_of_what_came_not_of_what_the_app_made_of_it(wire, make_log, written):
    async def app(scope, receive, send):
        scope.update(path="/changed", scheme="changed", query_string=b"changed")
        scope["headers"].clear()
        await hello(scope, receive, send)

    log = make_log(access_log_format="%(U)s %(q)s %(a)s %({wsgi.url_scheme}e)s")
    wire(app, finished=Access(None, log.cfg, log).finished).send(get(b"/path?query", b"User-Agent: curl"))
    assert written() == ["/path query curl http"]


# --- whoever listens on the long way ---


class Listener(logging.Handler):
    def __init__(self):
        super().__init__()
        self.heard = []

    def emit(self, record):
        self.heard.append(record.args["U"])


def test_handler_that_the_app_adds_hears_of_each_line(make_log, written, cycle):
    log, listener = make_log(), Listener()
    access = Access(None, log.cfg, log)
    access.tell(cycle)
    log.access_log.addHandler(listener)
    access.tell(cycle)
    log.access_log.removeHandler(listener)
    access.tell(cycle)
    assert len(written()) == 3
    assert listener.heard == ["/path"]


def test_filters_are_asked(make_log, written, cycle):
    log = make_log()
    access = Access(None, log.cfg, log)
    for filtered in (log.access_log, log.access_log.handlers[0]):
        access.tell(cycle)
        filtered.addFilter(lambda record: record.args["U"] != "/path")
        access.tell(cycle)
        filtered.filters.clear()
    assert len(written()) == 2


def test_levels_are_kept(make_log, written, cycle):
    log = make_log()
    access = Access(None, log.cfg, log)
    access.tell(cycle)
    try:
        logging.disable(logging.INFO)
        access.tell(cycle)
    finally:
        logging.disable(logging.NOTSET)
    log.access_log.setLevel(logging.WARNING)
    access.tell(cycle)
    log.access_log.setLevel(logging.INFO)
    log.access_log.handlers[0].setLevel(logging.WARNING)
    access.tell(cycle)
    log.access_log.handlers[0].setLevel(logging.INFO)
    log.access_log.disabled = True
    access.tell(cycle)
    log.access_log.disabled = False
    access.tell(cycle)
    assert len(written()) == 2


def test_formatter_is_used(make_log, written, cycle):
    log = make_log(access_log_format="%(U)s")
    access = Access(None, log.cfg, log)
    access.tell(cycle)
    log.access_log.handlers[0].setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    access.tell(cycle)
    Access(None, log.cfg, log).tell(cycle)
    assert written() == ["/path", "INFO /path", "INFO /path"]


def test_root_logger_hears_of_lines_that_propagate(make_log, written, cycle, caplog):
    log = make_log(access_log_format="%(U)s")
    access = Access(None, log.cfg, log)
    access.tell(cycle)
    log.access_log.propagate = True
    access.tell(cycle)
    assert caplog.messages == ["/path"]
    assert len(written()) == 2


def test_record_factory_is_called(make_log, written, cycle):
    class Record(logging.LogRecord):
        def getMessage(self):
            return "made by the app: " + super().getMessage()

    log = make_log(access_log_format="%(U)s")
    access = Access(None, log.cfg, log)
    access.tell(cycle)
    logging.setLogRecordFactory(Record)
    try:
        access.tell(cycle)
        Access(None, log.cfg, log).tell(cycle)
    finally:
        logging.setLogRecordFactory(logging.LogRecord)
    assert written() == ["/path", "made by the app: /path", "made by the app: /path"]


def test_tools_that_patch_logging_hear_of_each_line(make_log, written, cycle, monkeypatch):
    """As Sentry, New Relic and others do."""
    def call_handlers(self, record):
        heard.append(record.args["U"])
        original(self, record)

    heard, original = [], logging.Logger.callHandlers
    log = make_log()
    access = Access(None, log.cfg, log)
    monkeypatch.setattr(logging.Logger, "callHandlers", call_handlers)
    access.tell(cycle)
    assert heard == ["/path"]
    assert len(written()) == 1


class Own(Logger):
    def atoms(self, *args):
        return super().atoms(*args) | {"U": "my own"}


class Wrapped(Logger):
    class atoms_wrapper_class(dict):
        def __getitem__(self, name):
            return super().__getitem__(name).upper()


class Muted(Logger):
    muted = False

    @property
    def access_log_enabled(self):
        return not self.muted


def test_logger_class_of_the_users_own_may_turn_the_log_off(make_log, written, cycle):
    log = make_log(Muted)
    access = Access(None, log.cfg, log)
    access.tell(cycle)
    log.muted = True
    access.tell(cycle)
    assert len(written()) == 1


@pytest.mark.parametrize(("kind", "line"), [(Own, "my own"), (Wrapped, "/PATH")])
def test_logger_class_of_the_users_own_makes_its_atoms(make_log, written, cycle, kind, line):
    log = make_log(kind, access_log_format="%(U)s")
    Access(None, log.cfg, log).tell(cycle)
    assert written() == [line]


# --- the stream ---


def test_file_that_is_reopened_gets_the_next_line(make_log, written, cycle, tmp_path):
    log = make_log(access_log_format="%(U)s")
    access = Access(None, log.cfg, log)
    access.tell(cycle)
    (tmp_path / "access.log").rename(tmp_path / "old.log")
    log.reopen_files()
    access.tell(cycle)
    log.access_log.handlers[0].close()  # the next line opens it
    access.tell(cycle)
    assert (tmp_path / "old.log").read_text() == "/path\n"
    assert written() == ["/path", "/path"]


def test_each_line_is_written_at_once(make_log, cycle):
    log = make_log(accesslog="-", access_log_format="%(U)s")
    calls = []
    log.access_log.handlers[0].setStream(SimpleNamespace(write=calls.append, flush=lambda: calls.append("flush")))
    access = Access(None, log.cfg, log)
    access.tell(cycle)
    access.tell(cycle)
    assert calls == ["/path\n", "flush", "/path\n", "flush"]


def test_stream_that_fails_costs_its_line_alone(make_log, written, cycle, capsys, tmp_path):
    log = make_log(access_log_format="%(U)s")
    access = Access(None, log.cfg, log)
    handler = log.access_log.handlers[0]
    with open(tmp_path / "ascii.log", "w", encoding="ascii") as narrow:
        file = handler.setStream(narrow)
        for text in (b"/%C3%A9", b"/e"):
            access.tell(cycle_of(get(text), SimpleNamespace(status=200, headers=[], body=b"")))
        handler.setStream(file)
    access.tell(cycle)
    assert "--- Logging error ---" in capsys.readouterr().err
    assert (tmp_path / "ascii.log").read_text() == "/e\n"
    assert written() == ["/path"]
