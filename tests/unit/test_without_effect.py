"""Settings of gunicorn's that do nothing here: each is told of at the start, in one line. See
tests/worker/test_settings.py."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.config.gunicorns import WITHOUT_EFFECT, without_effect

CHANGED = {
    "threads": 4, "http_parser": "python", "uwsgi_allow_ips": "*", "http2_cleartext": "upgrade",
    "http2_max_concurrent_streams": 7, "http2_initial_window_size": 70_000, "http2_max_frame_size": 17_000,
    "http2_max_header_list_size": 70_000, "sendfile": False, "tmp_upload_dir": "/tmp", "ssl_version": 5,
    "suppress_ragged_eofs": False, "do_handshake_on_connect": True,
}


def config(**settings):
    cfg = GunicornConfig()
    for name, value in settings.items():
        cfg.set(name, value)
    return cfg


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_setting_that_was_changed_is_told_of_with_the_reason(name):
    if name not in GunicornConfig().settings:
        pytest.skip("this gunicorn does not have it")
    cfg = config(**{name: CHANGED[name]})
    assert without_effect(cfg) == [
        f"{name} = {cfg.settings[name].get()!r} has no effect with fastsrv.Worker: {WITHOUT_EFFECT[name]}"]


def test_nothing_is_told_of_defaults():
    assert without_effect(config()) == []


@pytest.mark.parametrize(("settings", "told"), [
    ({"reload": True, "preload_app": True}, "reload has no effect on what preload_app has loaded"),
    ({"reuse_port": True, "enable_backlog_metric": True}, "enable_backlog_metric has no effect with reuse_port"),
    ({"capture_output": True}, "capture_output has no effect without a file in errorlog"),
    ({"dirty_apps": ["shop:Tasks"]}, "dirty_apps has no effect without dirty_workers"),
    ({"max_requests_jitter": 5}, "max_requests_jitter has no effect without max_requests"),
    ({"workers": 0}, "workers = 0 serves nobody, until the signal TTIN adds a worker"),
    ({"worker_connections": 2**31 - 1}, "worker_connections = 2147483647 cannot be reached: each connection is a file"),
    ({"loglevel": "trace"}, "loglevel = 'trace' has no effect: it is one of critical, error, warning, info, debug"),
    ({"logconfig_json": "/none"}, "logconfig_json = '/none' has no effect: there is no such file"),
])
def test_settings_of_which_one_does_nothing_beside_the_other_are_told_of(settings, told):
    assert [sentence[:len(told)] for sentence in without_effect(config(**settings))] == [told]
    assert [without_effect(config(**{name: value})) for name, value in settings.items()][1:] in ([], [[]])
