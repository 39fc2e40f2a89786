"""fastsrv/config: what a user may set, where, and what stops the start. Built on gunicorn's own Config."""

import dataclasses
import sys
from types import ModuleType

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.config.config import Config
from fastsrv.config.gunicorns import OBEYED
from fastsrv.config.setting import ADDRESS, SWITCH, UNLIMITED, ConfigError
from fastsrv.config.sources import misnamed, strangers
from fastsrv.config.table import OWN_SETTINGS
from fastsrv.timetable import LAST_WORD

NAMES = [setting.name for setting in OWN_SETTINGS if setting.unit not in (SWITCH, ADDRESS) and not setting.words]
CAN_BE_OFF = [
    "fastsrv_limit_request_body", "fastsrv_limit_concurrency", "fastsrv_slow_callback", "fastsrv_shutdown_delay",
    "fastsrv_websocket_ping_interval", "fastsrv_websocket_ping_timeout", "fastsrv_slow_request", "fastsrv_tls_reload",
]
OFF_AT_0 = ["fastsrv_shutdown_delay", "fastsrv_slow_request", "fastsrv_tls_reload"]
SENSELESS = [0, -1, "0", "-0.5", "", " ", "soon", "5s", "0x10", "nan", "inf", "1e300", 2**41,
             float("nan"), float("inf"), True, False, None, [5], {}]


class Settings:
    """The values of a Config by the settings' names, ours without the prefix."""

    def __init__(self, config):
        object.__setattr__(self, "config", config)

    def __getattr__(self, name):
        topic, key = PLACES[name].split(".")
        return getattr(self.config, topic)[key]

    def __setattr__(self, name, value):
        setattr(self.config, name, value)

    def __eq__(self, other):
        return self.config == other.config


@pytest.fixture
def read(monkeypatch):
    """read(file_names, environ, **gunicorn's settings) -> Settings"""
    def from_gunicorn(file_names=(), environ=(), **settings):
        cfg = GunicornConfig()
        for name, value in settings.items():
            cfg.set(name, value)
        module = ModuleType("__config__")  # where gunicorn leaves the file that it has executed
        vars(module).update(file_names)
        monkeypatch.setitem(sys.modules, "__config__", module)
        return Settings(Config.from_gunicorn(cfg, dict(environ)))

    return from_gunicorn


def field(name):
    return name.removeprefix("fastsrv_")


PLACES = {field(row.name): row.goes for row in (*OWN_SETTINGS, *OBEYED)}  # of several, the last


def test_defaults(read):
    config = read()
    for setting in OWN_SETTINGS:
        assert getattr(config, field(setting.name)) == setting.default


def test_config_is_frozen(read):
    with pytest.raises(dataclasses.FrozenInstanceError):
        read().keepalive = 0


# --- where a setting may stand ---


@pytest.mark.parametrize("name", NAMES)
def test_setting_of_the_config_file(read, name):
    assert getattr(read({name: 7}), field(name)) == 7


@pytest.mark.parametrize("name", NAMES)
def test_setting_of_the_environment(read, name):
    assert getattr(read({}, {name.upper(): "7"}), field(name)) == 7


@pytest.mark.parametrize("name", NAMES)
def test_environment_wins_over_the_config_file(read, name):
    assert getattr(read({name: 7}, {name.upper(): "8"}), field(name)) == 8


def test_settings_of_a_config_module(read, monkeypatch):
    """gunicorn -c python:their.settings"""
    module = ModuleType("their.settings")
    module.fastsrv_body_timeout = 7
    monkeypatch.setitem(sys.modules, "their.settings", module)
    assert read({"fastsrv_body_timeout": 8}, config="python:their.settings").body_timeout == 7


def test_no_config_file(monkeypatch):
    monkeypatch.delitem(sys.modules, "__config__", raising=False)
    assert Settings(Config.from_gunicorn(GunicornConfig(), {})).body_timeout == 30


def test_environment_is_that_of_the_process(monkeypatch):
    monkeypatch.delitem(sys.modules, "__config__", raising=False)
    monkeypatch.setenv("FASTSRV_BODY_TIMEOUT", "7")
    assert Settings(Config.from_gunicorn(GunicornConfig())).body_timeout == 7


@pytest.mark.parametrize("value", [0.5, "0.5", "5e-1", " 0.5 "])
def test_seconds_may_be_parts_and_text(read, value):
    assert read({"fastsrv_close_timeout": value}).close_timeout == 0.5


def test_names_that_are_not_ours_are_left_alone(read):
    file_names = {"workers": 3, "helper": 0, "fastsrvish": 0, "__name__": "x"}
    assert read(file_names, {"PATH": "x", "FASTSRV": "", "GUNICORN_X": ""}) == read()


# --- what stops the start ---


@pytest.mark.parametrize("value", SENSELESS, ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_senseless_value_in_the_config_file_is_refused(read, name, value):
    if name in OFF_AT_0 and str(value) == "0":
        return
    with pytest.raises(ConfigError) as error:
        read({name: value})
    text = str(error.value)
    assert text.startswith(f"{name} in gunicorn's config file must be a number of ")
    bound = "1099511627776" if name == "fastsrv_limit_request_body" else "2147483647"
    or_off = ", or off" if name in CAN_BE_OFF else ""
    assert text.endswith(f"greater than 0 and at most {bound}{or_off}, not {value!r}")


@pytest.mark.parametrize("value", [value for value in SENSELESS if isinstance(value, str)], ids=repr)
def test_senseless_value_in_the_environment_is_refused(read, value):
    with pytest.raises(ConfigError, match=r"^FASTSRV_SEND_TIMEOUT in the environment must be a number of "):
        read({}, {"FASTSRV_SEND_TIMEOUT": value})


def test_senseless_value_is_refused_even_where_another_wins(read):
    with pytest.raises(ConfigError, match="config file"):
        read({"fastsrv_send_timeout": "soon"}, {"FASTSRV_SEND_TIMEOUT": "5"})


@pytest.mark.parametrize("value", ["ignore", "raise", "Raise"])
def test_setting_that_is_a_word(read, value):
    assert read({"fastsrv_send_after_disconnect": value}).send_after_disconnect == value.lower()
    assert read({}, {"FASTSRV_SEND_AFTER_DISCONNECT": value}).send_after_disconnect == value.lower()


@pytest.mark.parametrize("value", [*SENSELESS, "ignore or raise", "raises", "off", "on"], ids=repr)
def test_word_that_the_setting_cannot_be_is_refused(read, value):
    with pytest.raises(ConfigError) as error:
        read({"fastsrv_send_after_disconnect": value})
    assert str(error.value) == (
        f"fastsrv_send_after_disconnect in gunicorn's config file must be ignore or raise, not {value!r}")


@pytest.mark.parametrize("value", [0, 0.0, "0", "0.0"])
@pytest.mark.parametrize("name", OFF_AT_0)
def test_0_is_off_where_nothing_waits_for_it(read, name, value):
    assert getattr(read({name: value}), field(name)) == 0
    assert getattr(read({name: 7}, {name.upper(): str(value)}), field(name)) == 0


@pytest.mark.parametrize("value", ["off", "OFF"])
@pytest.mark.parametrize("name", CAN_BE_OFF)
def test_limit_that_need_not_be_can_be_off(read, name, value):
    off = 0 if name in OFF_AT_0 else UNLIMITED
    assert getattr(read({name: value}, {}), field(name)) == off
    assert getattr(read({name: 7}, {name.upper(): value}), field(name)) == off


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(CAN_BE_OFF)))
def test_limit_that_must_be_cannot_be_off(read, name):
    with pytest.raises(ConfigError, match=f"^{name} in gunicorn's config file must be a number of "):
        read({name: "off"})


@pytest.mark.parametrize("name", [name for name in NAMES if name != "fastsrv_shutdown_delay"])
def test_largest_value_is_that_of_the_setting(read, name):
    largest = 2**40 if name == "fastsrv_limit_request_body" else 2**31 - 1
    assert getattr(read({name: largest}), field(name)) == largest
    with pytest.raises(ConfigError, match=f"at most {largest}"):
        read({name: largest + 1})


def test_delay_of_a_shutdown_leaves_room_for_the_rest(read):
    given = {"fastsrv_shutdown_delay": 6.9, "fastsrv_shutdown_keepalive": 3}
    assert read(given, graceful_timeout=15).shutdown_delay == 6.9
    for timeout in (2, 13):  # a quarter is kept for the rest
        with pytest.raises(ConfigError, match=r"^fastsrv_shutdown_delay must be less than [\d.]+ seconds with "):
            read(given, graceful_timeout=timeout)
    assert read({**given, "fastsrv_shutdown_delay": "off"}, graceful_timeout=2).shutdown_delay == 0


@pytest.mark.parametrize("address", ["127.0.0.1:9000", "localhost:0", "[::1]:9000", "unix:/run/admin", "off"])
def test_setting_that_is_an_address(read, address):
    assert read({"fastsrv_admin_bind": address}).admin_bind == address


@pytest.mark.parametrize("address", ["9000", 9000, "127.0.0.1", "127.0.0.1:70000", "::1:9000", "unix:", "a:b", None])
def test_address_that_is_none_is_refused(read, address):
    with pytest.raises(ConfigError, match=r"^fastsrv_admin_bind in gunicorn's config file must be host:port"):
        read({"fastsrv_admin_bind": address})


def test_part_of_a_byte_is_refused(read):
    with pytest.raises(ConfigError, match="whole number of bytes"):
        read({"fastsrv_limit_request_head": 1000.5})


@pytest.mark.parametrize(("written", "meant"), [
    ("fastsrv_header_timeuot", "fastsrv_header_timeout"),
    ("fastsrv_headers_timeout", "fastsrv_header_timeout"),
    ("fastsrv_minrate", "fastsrv_min_rate"),
    ("fastsrv_limit_request_headers", "fastsrv_limit_request_head"),
    ("Fastsrv_Min_Rate", "fastsrv_min_rate"),
    ("FASTSRV_MIN_RATE", "fastsrv_min_rate"),
])
def test_misspelt_name_in_the_config_file_is_refused_with_a_hint(read, written, meant):
    with pytest.raises(ConfigError) as error:
        read({written: 5})
    expected = f"{written} in gunicorn's config file is no setting of fastsrv: did you mean {meant}?"
    assert str(error.value) == expected


@pytest.mark.parametrize(("written", "meant"), [
    ("FASTSRV_HEADER_TIMEUOT", "FASTSRV_HEADER_TIMEOUT"),
    ("fastsrv_min_rate", "FASTSRV_MIN_RATE"),
])
def test_misspelt_name_in_the_environment_is_told_of_with_a_hint(read, written, meant):
    assert read({}, {written: "5"}) == read()
    assert strangers({written: "5"}, {}) == [
        f"{written} in the environment is no setting of fastsrv, and has no effect: did you mean {meant}?"]


@pytest.mark.parametrize(("name", "theirs", "flag"), [
    ("keepalive", "keepalive", "--keep-alive"), ("KEEP_ALIVE", "keepalive", "--keep-alive"),
    ("WORKERS", "workers", "--workers"), ("timeout", "timeout", "--timeout"),
    ("ACCESS_LOG", "accesslog", "--access-logfile"), ("loglevel", "loglevel", "--log-level"),
])
def test_name_of_gunicorns_is_named_as_such(read, name, theirs, flag):
    expected = f"{theirs} is gunicorn's, set it in gunicorn.conf.py, or with {flag} in GUNICORN_CMD_ARGS"
    (told,) = strangers({f"FASTSRV_{name.upper()}": "5"}, GunicornConfig().settings)
    assert told.endswith(f": {expected}")
    with pytest.raises(ConfigError) as error:
        read({f"fastsrv_{name}": 5})
    assert str(error.value).endswith(f": {expected}")


@pytest.mark.parametrize(("written", "meant"), [
    ("keep_alive", "keepalive"), ("log_level", "loglevel"), ("access_logfile", "accesslog"), ("error_log", "errorlog"),
    ("log_file", "errorlog"), ("proxy_allow_from", "proxy_allow_ips"), ("reload_extra_file", "reload_extra_files"),
])
def test_other_name_of_a_setting_of_gunicorns_is_told_of(read, written, meant):
    read({written: 5})
    assert misnamed(GunicornConfig()) == [
        f"{written} in gunicorn's config file is no setting of gunicorn's, and has no effect: did you mean {meant}?"]


def test_helpers_of_the_config_file_are_left_alone(read):
    read({"log_level": "debug", "loglevel": "debug", "env": {}, "name": "shop", "__name__": "x", "cpu_count": 4})
    assert misnamed(GunicornConfig()) == []


@pytest.mark.parametrize("name", ["FASTSRV_VERSION", "FASTSRV_HOME", "FASTSRV_IMAGE_TAG", "FASTSRV_"])
def test_name_of_anybodys_in_the_environment_is_told_of(read, name):
    assert read({}, {name: "1.2.3"}) == read()
    (told,) = strangers({name: "1.2.3"}, GunicornConfig().settings)
    assert told == f"{name} in the environment is no setting of fastsrv, and has no effect: docs/SETTINGS.md lists them"


def test_names_of_ours_and_of_others_are_not_told_of():
    known = {setting.name.upper(): "5" for setting in OWN_SETTINGS}
    assert strangers({**known, "PATH": "", "FASTSRVISH": "", "MY_FASTSRV_X": ""}, {}) == []


def test_name_like_none_of_ours_is_refused_with_a_place_to_look(read):
    with pytest.raises(ConfigError) as error:
        read({"fastsrv_zzz": 5})
    assert str(error.value).endswith(" is no setting of fastsrv: docs/SETTINGS.md lists them")


@pytest.mark.parametrize(("name", "value"), [
    ("protocol", "uwsgi"), ("http_protocols", "h2,h1"),
    ("permit_obsolete_folding", True), ("strip_header_spaces", True), ("casefold_http_method", True),
])
def test_setting_of_gunicorn_that_cannot_be_obeyed_is_refused(read, name, value):
    with pytest.raises(ConfigError, match=f"^{name} = .* cannot be used with fastsrv.Worker: "):
        read(**{name: value})


@pytest.mark.parametrize("bind", ["unix:/run/fastsrv.sock", "127.0.0.1:0,unix:/run/fastsrv.sock"])
def test_reuse_port_with_a_unix_socket_is_refused(read, bind):
    with pytest.raises(ConfigError, match=r"^reuse_port cannot be used with a UNIX socket"):
        read(reuse_port=True, bind=bind.split(","))
    assert read(bind=bind.split(",")) == read(reuse_port=True)


@pytest.mark.parametrize(("name", "value"), [
    ("permit_unconventional_http_method", True), ("permit_unconventional_http_version", True), ("header_map", "refuse"),
])
def test_switch_of_gunicorn_is_off_unless_it_is_set(read, name, value):
    assert getattr(read(), name) is False
    assert getattr(read(**{name: value}), name) is True


@pytest.mark.parametrize("name", [
    "FASTSRV_SERVICE_HOST", "FASTSRV_SERVICE_PORT", "FASTSRV_SERVICE_PORT_HTTP", "FASTSRV_PORT",
    "FASTSRV_PORT_80_TCP", "FASTSRV_PORT_80_TCP_ADDR", "FASTSRV_NAME", "FASTSRV_DEMO_SERVICE_HOST",
    "FASTSRV_DEMO_SERVICE_PORT_HTTP", "FASTSRV_DEMO_PORT", "FASTSRV_DEMO_PORT_8000_TCP_PROTO",
])
def test_what_kubernetes_says_of_a_service_of_our_name_is_no_setting(read, name):
    assert read({}, {name: "tcp://192.0.2.1:80"}) == read()
    assert strangers({name: "tcp://192.0.2.1:80"}, GunicornConfig().settings) == []


# --- gunicorn's own settings ---


@pytest.mark.parametrize(("name", "value"), [
    ("keepalive", 0), ("keepalive", 75), ("graceful_timeout", 3), ("worker_connections", 7), ("backlog", 9),
    ("limit_request_line", 99), ("limit_request_fields", 9), ("limit_request_field_size", 99), ("root_path", "/api"),
])
def test_settings_of_gunicorn_are_obeyed(read, name, value):
    assert getattr(read(**{name: value}), name) == value


@pytest.mark.parametrize(("value", "ours"), [("/api/", "/api"), ("/", ""), ("/a/b", "/a/b"), ("", ""), (None, "")])
def test_root_path_ends_with_no_slash(read, value, ours):
    assert read(root_path=value).root_path == ours


@pytest.mark.parametrize("value", ["api", "https://example.org/api"])
def test_root_path_that_is_no_path_is_refused(read, value):
    with pytest.raises(ConfigError, match=r"^root_path must begin with a slash, not "):
        read(root_path=value)


def test_reload_is_waited_for_by_a_developer(read):
    """Nobody's next request is worth a window, nor a stream the whole of a long graceful_timeout."""
    given = {"fastsrv_shutdown_keepalive": 7}
    assert read(given).shutdown_keepalive == 7
    assert read(given, reload=True).shutdown_keepalive == 0
    assert read(graceful_timeout=3600, reload=True).graceful_timeout < read(graceful_timeout=3600).graceful_timeout


@pytest.mark.parametrize("name", ["limit_request_line", "limit_request_field_size", "worker_connections"])
def test_gunicorns_zero_means_no_limit(read, name):
    assert getattr(read(**{name: 0}), name) == UNLIMITED


@pytest.mark.parametrize("seconds", [0, 3, 60])
def test_grace_period_after_a_disconnect(read, seconds):
    config = read(asgi_disconnect_grace_period=seconds).config
    assert (config.dispatch["grace_period"], config.clock["GRACE"]) == (seconds, seconds or LAST_WORD)


@pytest.mark.parametrize("value", ["auto", "on", "off"])
def test_lifespan(read, value):
    assert read(asgi_lifespan=value).asgi_lifespan == value


@pytest.mark.parametrize("value", ["auto", "uvloop", "asyncio"])
def test_loop_is_uvloop_unless_asyncio_is_asked_for(read, value):
    assert read(asgi_loop=value).asgi_loop == ("asyncio" if value == "asyncio" else "uvloop")


def test_every_setting_has_a_unit_and_a_reason():
    for setting in OWN_SETTINGS:
        assert setting.name.startswith("fastsrv_")
        units = ("seconds", "bytes", "bytes/s", "requests", SWITCH, ADDRESS)
        assert setting.unit in units or setting.default in setting.words
        assert setting.what.endswith(".") and setting.why.endswith(".")


def test_every_setting_goes_where_no_other_goes(read):
    places = [row.goes for row in (*OWN_SETTINGS, *OBEYED)]
    assert len(set(places)) == len(places)
    assert sorted(places) == sorted(
        f"{topic}.{name}" for topic, values in vars(read().config).items() for name in values)


@pytest.mark.parametrize(("value", "meaning"), [
    ("on", True), ("OFF", False), ("true", True), ("0", False), (True, True), (False, False), (1, True),
])
def test_switch_is_on_or_off(read, value, meaning):
    assert read({"fastsrv_scan_heads": value}).scan_heads is meaning


@pytest.mark.parametrize("value", ["", "maybe", None, 2, 0.5, []])
def test_switch_that_is_neither_is_refused(read, value):
    with pytest.raises(ConfigError, match="fastsrv_scan_heads in gunicorn's config file must be on or off"):
        read({"fastsrv_scan_heads": value})


@pytest.mark.parametrize("name", [
    "keepalive", "graceful_timeout", "limit_request_line", "max_requests", "asgi_disconnect_grace_period",
])
def test_number_of_gunicorns_that_is_too_large_is_refused(read, name):
    with pytest.raises(ConfigError, match=f"^{name} must be at most 2147483647"):
        read(**{name: 10**20})


def test_config_file_may_import_the_package(read):
    import fastsrv_ext

    assert read({"fastsrv_ext": fastsrv_ext}) == read()
