"""Origin: with initgroups gunicorn gives a worker the other groups of its user, and leaves it root's own: `group` had
no effect."""

import grp
import json
import os
import pwd

import pytest

from tests.support.asking import fetch

# All is loaded before the worker becomes somebody who may not read what is root's.
SOURCE = """
import json, os
import uvloop

async def app(scope, receive, send):
    if scope["type"] == "http":
        who = [os.getresuid(), os.getresgid(), sorted(os.getgroups())]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(who).encode()})
"""


@pytest.mark.skipif(os.getuid() != 0, reason="root alone can become somebody else")
@pytest.mark.parametrize("more", [[], ["--initgroups"]])
def test_worker_is_who_it_shall_be(gunicorn, more):
    somebody = pwd.getpwnam("games")
    server = gunicorn(
        SOURCE, "--preload", "--user", "games", "--group", grp.getgrgid(somebody.pw_gid).gr_name, *more)
    users, groups, others = json.loads(fetch(server).body)
    assert (users, groups) == (3 * [somebody.pw_uid], 3 * [somebody.pw_gid])
    assert others == sorted(os.getgrouplist("games", somebody.pw_gid) if more else os.getgroups())
