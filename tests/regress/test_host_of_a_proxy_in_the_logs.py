"""X-Forwarded-Host of a trusted proxy was in the access log's text, which has the fields that the app sees, while the
JSON object had the Host of the connection."""

import json

from gunicorn.config import Config as GunicornConfig

from fastsrv.log.atoms import line_of
from fastsrv.log.json_object import json_of
from fastsrv.proxy.forwarded import Forwarded
from tests.support.apps import hello
from tests.support.wire import get


def test_text_and_json_have_the_host_that_the_app_sees(wire):
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", "192.0.2.7")
    seen, text = [], line_of("%({host}i)s", lambda environ: None)

    def finished(call):
        seen.append((text(call), json.loads(json_of(call))["host"]))

    it = wire(hello, finished=finished, forwarded=Forwarded(cfg, "x-forwarded").apply)
    it.send(get(b"/", b"X-Forwarded-Host: shown.example"))
    assert seen == [("shown.example", "shown.example")]
