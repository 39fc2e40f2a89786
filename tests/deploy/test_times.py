"""Times in the files of deploy/ that have to fit each other, as docs/DEPLOY.md has it."""

import re

from gunicorn.config import Config

from fastsrv.config.table import OWN_SETTINGS
from tests.deploy.served import CONFIG
from tests.deploy.test_containers import given_to, pod
from tests.support.deployed import taken

UNITS = {"": 1, "s": 1, "h": 3600}
NGINX, HAPROXY = taken("nginx.conf"), taken("haproxy.cfg")


def number(name, text):
    """What stands behind this name, where it stands first; times in seconds."""
    value, unit = re.search(rf"(?<!\w){name}[ =]*(\d+)([sh]?)\b", text).groups()
    return int(value) * UNITS[unit]


def test_who_stops_a_service_waits_for_as_long_as_it_may_take():
    """For graceful_timeout, which has the delay in it, and twice that where HUP is used."""
    graceful = number("graceful_timeout", CONFIG)
    assert number("TimeoutStopSec", taken("systemd/app.service")) > 2 * graceful
    env = given_to(pod()["containers"][0])
    graceful = number("--graceful-timeout", env["GUNICORN_CMD_ARGS"])
    assert float(env["FASTSRV_SHUTDOWN_DELAY"]) < graceful < pod()["terminationGracePeriodSeconds"] < 2 * graceful


def test_whoever_is_in_front_ends_idle_connections():
    """nginx is in front of what gunicorn.conf.py and the pod serve, haproxy of what its first lines say."""
    args = given_to(pod()["containers"][0])["GUNICORN_CMD_ARGS"]
    assert number("keepalive_timeout", NGINX) < min(number("keepalive", CONFIG), number("--keep-alive", args))
    idle = max(number("timeout http-keep-alive", HAPROXY), number("pool-purge-delay", HAPROXY))
    assert idle < number("keepalive", HAPROXY)


def test_haproxys_checks_have_failed_before_a_worker_drains():
    checks = re.search("^ *default-server .*", HAPROXY, re.MULTILINE)[0]
    assert number("fall", checks) * number("inter", checks) < number("fastsrv_shutdown_delay", HAPROXY)


def test_pings_keep_websockets_open():
    (interval,) = (each.default for each in OWN_SETTINGS if each.name == "fastsrv_websocket_ping_interval")
    assert interval < min(number("proxy_read_timeout", NGINX), number("timeout tunnel", HAPROXY))


def test_pod_is_ended_only_behind_gunicorns_timeout():
    """Who replaces blocked workers first has to be gunicorn. It looks each second, and has a second look for a worker
    that SIGABRT has not ended."""
    probe, env = pod()["containers"][0]["livenessProbe"], given_to(pod()["containers"][0])
    assert "timeout" not in re.findall(r"^\w+|(?<=--)[\w-]+", CONFIG + env["GUNICORN_CMD_ARGS"], re.MULTILINE)
    blocked_after = next(row.default for row in OWN_SETTINGS if row.name == "fastsrv_admin_blocked_after")
    assert blocked_after + (probe["failureThreshold"] - 1) * probe["periodSeconds"] > Config().timeout + 2
