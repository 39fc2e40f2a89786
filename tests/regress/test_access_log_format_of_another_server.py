"""Origin: granian's format, taken along to here. It was accepted, and --check-config said OK; then each request had a
traceback in the error log, and no line in the access log."""

import pytest

from tests.support.asking import fetch
from tests.worker.served import SOURCE

FORMATS = [
    '[%(time)s] %(addr)s "%(method)s %(path)s" %(status)d %(dt_ms).3f', "%(h)s %(oops", "%(h)s 100%", "%(s)d",
    "%({first_byte}e).3f", "%s %s",
]
OWN = """
from gunicorn.glogging import Logger

class Own(Logger):
    def atoms(self, *request):
        return {**super().atoms(*request), "status": 200}

logger_class = Own
"""


@pytest.mark.parametrize("log_format", FORMATS)
def test_start_is_refused_by_a_line_that_names_the_setting(gunicorn, log_format):
    server = gunicorn(SOURCE, "--access-logfile", "-", "--access-logformat", log_format)
    assert server.wait() == 1
    server.wait_for(r"\[ERROR\] access_log_format = .* cannot be written \(.*\): it takes gunicorn's atoms")
    assert "Traceback" not in server.output


@pytest.mark.parametrize(("log_format", "config", "line"), [
    ("%(D)06d %(T).1f %(B)d", "", r"^\d{6,} 0\.0 \d$"), ("to %(h)-12s 100%%", "", "^to 127.0.0.1    100%$"),
    ("status %(status)d", OWN, "^status 200$"), ("%(s)d", "fastsrv_access_log_format = 'json'", r'^\{"pid":'),
])
def test_what_can_be_written_is(gunicorn, log_format, config, line):
    server = gunicorn(SOURCE, "--access-logfile", "-", "--access-logformat", log_format, config=config)
    fetch(server)
    server.wait_for(line)
