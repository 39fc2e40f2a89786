"""Found by a review: `bind = os.environ.get("BIND", "")` without that variable. --check-config said OK, and the workers
ended in a traceback, one after the other, for ever."""

import pytest

import fastsrv
from fastsrv.config.setting import ConfigError
from tests.support.command_line import run_fastsrv

MESSAGE = "bind names no address: write host:port"


@pytest.mark.parametrize(("option", "code", "message"), [
    ("--check-config", 1, MESSAGE),
    ("--no-control-socket", 3, "There is nothing to listen on: bind = []"),
])
def test_start_is_refused(tmp_path, option, code, message):
    done = run_fastsrv(tmp_path, option, "served:app", config="bind = ''")
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr and "IndexError" not in done.stderr


def test_run_raises():
    with pytest.raises(ConfigError, match=MESSAGE):
        fastsrv.run("served:app", bind=[])
