"""How many workers deploy/gunicorn.conf.py asks for."""

import os
import subprocess
import sys

from tests.support.deployed import DEPLOY

ON_ONE_CORE = """
import os, runpy
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(runpy.run_path("gunicorn.conf.py")["workers"])
"""


def workers(**env):
    left = {name: value for name, value in os.environ.items() if name != "WEB_CONCURRENCY"}
    done = subprocess.run(
        [sys.executable, "-c", ON_ONE_CORE], cwd=DEPLOY, env=left | env, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_as_many_as_the_cores_that_the_service_may_run_on():
    assert workers() == workers(WEB_CONCURRENCY="") == 1


def test_as_many_as_are_said():
    assert workers(WEB_CONCURRENCY="3") == 3
