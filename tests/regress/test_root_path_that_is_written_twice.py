"""Behind a proxy that takes root_path off, a client that wrote it twice got past rules that the proxy had for a path,
and nothing had said so: which paths have it already is for the operator to say, and a start asks for it."""

import pytest

from tests.support.asking import fetch
from tests.support.proxies import Nginx
from tests.worker.served import SOURCE

WARNING = "root_path = '/api' is put before paths that do not begin with it"
RULES = "location /api/ { proxy_pass http://backends/; } location /api/admin/ { return 403; }"
PATH = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": scope["path"].encode()})
"""


@pytest.mark.parametrize(("said", "path", "warned"), [
    ("", "/api/admin/secret", True),
    ("fastsrv_add_root_path = 'missing'", "/api/admin/secret", False),
    ("fastsrv_add_root_path = 'always'", "/api/api/admin/secret", False),
])
def test_start_asks_which_it_is(gunicorn, tmp_path, said, path, warned):
    server = gunicorn(SOURCE + PATH, "--asgi-lifespan", "off", config=f"root_path = '/api'\n{said}")
    server.wait_for("Ready after")
    assert (WARNING in server.output) is warned
    proxy = Nginx(tmp_path, f"127.0.0.1:{server.port}")
    proxy.config = proxy.config.replace("location / {", f"{RULES}\n        location / {{")
    with proxy:
        assert fetch(proxy, "/api/admin/secret").status == 403
        assert fetch(proxy, "/api/api/admin/secret").body == path.encode()


def test_environment_may_say_it(gunicorn):
    server = gunicorn(SOURCE, config="root_path = '/api'", env={"FASTSRV_ADD_ROOT_PATH": "never"})
    server.wait_for("Ready after")
    assert WARNING not in server.output
