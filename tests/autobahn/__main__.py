"""python -m tests.autobahn [all | short | CASE...]: `make autobahn` calls it.

Exits with 1, and says why, unless each case of the selection is reported as OK, NON-STRICT or INFORMATIONAL, and the
server has logged no warning and nothing worse. What is left of a run is in build/autobahn.
"""

import argparse
import platform
import signal
import sys
import time
from datetime import datetime, timezone

import gunicorn

import fastsrv
from tests.autobahn import client, environment, results
from tests.faults.log import complaints
from tests.support.servers import Gunicorn

ALL, SHORT = "all", "short"
SELECTIONS = {
    ALL: ["*"],
    # All but the compression, where a case is a thousand messages: of each payload and each set of parameters some
    # small messages, some of the middle, and some in fragments.
    SHORT: [
        *(f"{section}.*" for section in (1, 2, 3, 4, 5, 6, 7, 9, 10)),
        *(f"12.{payload}.{size}" for payload in range(1, 6) for size in (2, 4, 6, 11)),
        *(f"13.{parameters}.{size}" for parameters in range(1, 8) for size in (2, 4, 6, 11)),
    ],
}
# Seconds for the whole of a run, the installation of Autobahn|Testsuite too: some times what it takes.
LIMITS = {ALL: 5400, SHORT: 600}
CONFIG = """\
asgi_lifespan = "off"
websocket_max_message_size = 16 * 1024 * 1024  # the largest messages of section 9, and not a byte more
fastsrv_websocket_ping_interval = "off"  # a Ping that the client has not asked for ends its case
"""
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
LINES_SHOWN = 40  # of gunicorn's log; it is whole in build/autobahn/gunicorn.log


def main(arguments=None):
    patterns, name = selection(arguments)
    began = time.monotonic()
    ends = began + LIMITS.get(name, LIMITS[ALL])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # not without ending what was started
    program = environment.prepare(ends)
    cases, index, log = run(program, patterns, ends)
    verdicts = results.verdicts(cases, index)
    minutes = (time.monotonic() - began) / 60
    print("", *results.table(verdicts), "", f"{minutes:.1f} minutes", sep="\n")
    lines = [
        results.told(case, behavior, client.details(index[case]) if case in index else None)
        for case, behavior in verdicts.items() if behavior not in ("OK", "INFORMATIONAL")]
    if name == ALL and index and results.MISSING not in verdicts.values():  # of a run that was whole
        date = datetime.now(timezone.utc).date().isoformat()
        results.DOCUMENT.write_text(results.document(verdicts, lines, versions(), date, minutes))
    return judge(verdicts, index, lines, log)


def selection(arguments):
    """(Autobahn's patterns, the name of the selection or None)."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.autobahn", description="Autobahn|Testsuite against an echo app on fastsrv.")
    parser.add_argument("cases", nargs="*", default=[ALL], help="all, short, or cases: 6.4.1 '7.*'")
    words = parser.parse_args(arguments).cases
    if len(words) == 1 and words[0] in SELECTIONS:
        return SELECTIONS[words[0]], words[0]
    return words, None


def run(program, patterns, ends):
    """(the cases, what Autobahn's index says of them, what is wrong with gunicorn's log)."""
    folder = environment.WORK / "server"
    folder.mkdir(parents=True, exist_ok=True)
    cases, index = [], {}
    with Gunicorn(folder, "tests.autobahn.echo:app", config=CONFIG) as server:
        try:
            if is_served(server):
                cases, index = client.fuzz(program, server.port, patterns, ends)
            server.signal(signal.SIGTERM)
            code = server.wait()
        finally:
            (environment.WORK / "gunicorn.log").write_text(server.output)
    log = complaints(server.output, ())
    if code != 0:
        log.append(f"gunicorn has ended with {code}")
    return cases, index, log


def is_served(server):
    """Is a handshake answered? Where it is not, the fuzzing client would wait for ever."""
    try:
        with server.connect() as connection:
            connection.sendall(HANDSHAKE)
            return connection.recv(1024).startswith(b"HTTP/1.1 101 ")
    except OSError:
        return False


def versions():
    return {
        "fastsrv": fastsrv.__version__, "gunicorn": gunicorn.__version__, "python": platform.python_version(),
        "autobahntestsuite": f"{environment.PACKAGES[-1][0].partition('==')[2]} on Python "
                             f"{environment.version_of(environment.PYTHON)}",
    }


def judge(verdicts, index, lines, log):
    """The exit code, with the reasons printed. lines: about cases that are not OK or informational."""
    if log:
        print("", "gunicorn's log should not have this:", *log[:LINES_SHOWN], sep="\n")
    if not verdicts:
        print("", "no case was run", sep="\n")
    elif not index:
        print("", f"wstest has made no report; its last words: {client.last_words()}", sep="\n")
    elif lines:
        print("", *lines, sep="\n")
    failed = results.faults(verdicts)
    if failed:
        print("", f"{len(failed)} cases have failed: {', '.join(failed)}", sep="\n")
    return 1 if failed or log or not index else 0


if __name__ == "__main__":
    sys.exit(main())
