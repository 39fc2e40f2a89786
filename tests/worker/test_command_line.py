"""`python -m fastsrv`: what it says before anything is served."""

import os
import re
import socket
import sys
from functools import partial
from importlib.util import find_spec

import gunicorn
import pytest
import uvloop

import fastsrv
from tests.support.command_line import APP, run_fastsrv
from tests.support.tls import CERTIFICATE


@pytest.fixture
def run(tmp_path):
    """run(*arguments, source=, config=, **environ) -> the CompletedProcess, in a folder with served.py."""
    return partial(run_fastsrv, tmp_path)


def test_check_config_says_that_all_is_well_and_what_the_start_would_warn_of(run):
    done = run("--check-config", "served:app", FASTSRV_BODY_TIMEUOT="5")
    assert (done.returncode, done.stdout) == (0, "OK: 'served:app' can be served with these settings\n")
    assert done.stderr.startswith("WARNING: FASTSRV_BODY_TIMEUOT in the environment is no setting of fastsrv")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("arguments", "more", "message"), [
    (["served:app"], {"config": "fastsrv_heder_timeout = 1"}, "did you mean fastsrv_header_timeout?"),
    (["served:app", "--env", "FASTSRV_BODY_TIMEOUT=5s"], {}, "must be a number of seconds greater than 0"),
    (["served:app", "--bind", "unix:x", "--reuse-port"], {}, "reuse_port cannot be used with a UNIX socket"),
    (["served:app", "--bind", "127.0.0.1:http"], {}, "'http' is not a valid port number"),
    (["served:app", "--certfile", "none.pem"], {}, "certfile = 'none.pem' cannot be read"),
    (["served:app", "--access-logfile", "none/log"], {}, "none/log' isn't writable"),
    (["served:app", "--worker-tmp-dir", "/none"], {}, "worker_tmp_dir = '/none' cannot be used: No such file"),
    (["served:app", "--bind", "127.0.0.1:0", "--bind", "127.0.0.1:99999"], {},
     "bind = '127.0.0.1:99999' cannot be used: bind(): port must be 0-65535"),
    (["served:app", "--bind", "*:8000"], {}, "bind = '*:8000' cannot be used: "),
    (["served:app", "--bind", "127.0.0.1:8000", "--bind", "0.0.0.0:8000"], {},
     "bind = '127.0.0.1:8000' and bind = '0.0.0.0:8000' are one address: each needs its own"),
    (["served:app", "--bind", "localhost:8000"], {"FASTSRV_ADMIN_BIND": "127.0.0.1:8000"},
     "bind = 'localhost:8000' and fastsrv_admin_bind = '127.0.0.1:8000' are one address: each needs its own"),
    (["served:app", "--bind", "unix:/tmp/s"], {"FASTSRV_ADMIN_BIND": "unix:/tmp/s"}, "= 'unix:/tmp/s' are one address"),
    (["served:app", "--bind", "192.0.2.1:0"], {}, "bind = '192.0.2.1:0' cannot be used: Cannot assign"),
    (["served:app", "--bind", "unix:none/s"], {}, "bind = 'unix:none/s' cannot be used: No such file or directory"),
    (["served:app", "--bind", "unix:served.py"], {}, "bind = 'unix:served.py' cannot be used: Socket operation on non"),
    (["served:app", "--bind", "unix:" + 108 * "s"], {}, "sss' cannot be used: File name too long"),
    (["served:app", "--bind", "fd://99"], {}, "bind = 'fd://99' cannot be used: Bad file descriptor"),
    (["served:app"], {"config": "fastsrv_admin_bind = 'unix:/none/s'"},
     "fastsrv_admin_bind = 'unix:/none/s' cannot be used: No such file or directory"),
    (["served:app", "--pid", "none/pid"], {}, "pidfile = 'none/pid' cannot be used: No such file or directory"),
    (["served:app", "--pid", "/"], {}, "pidfile = '/' cannot be used: Is a directory"),
    (["served:app", "--worker-tmp-dir", "/proc"], {}, "worker_tmp_dir = '/proc' cannot be used: "),
    pytest.param(
        ["served:app", "--reload", "--reload-engine", "inotify"], {},
        "reload_engine = 'inotify' cannot be used: You must have the inotify module installed",
        marks=pytest.mark.skipif(find_spec("inotify") is not None, reason="it is installed")),
    (["served:app", "-k", "sync"], {}, "worker_class = 'sync' is not fastsrv.Worker"),
    (["served:app"], {"source": "def app(environ, start_response): pass"}, "as a WSGI application does"),
    (["served:app"], {"source": "async def app(scope, receive, send): yield"}, "is an asynchronous generator"),
    (["serving:app"], {}, "there is no module 'serving'"),
    ([":app"], {}, "':app' names no module"),
])
def test_check_config_fails_as_the_start_would_and_says_why(run, arguments, more, message):
    done = run("--check-config", *arguments, **more)
    assert done.returncode == 1
    assert message in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(os.getuid() != 0, reason="root alone can become somebody else")
@pytest.mark.parametrize(("arguments", "message"), [
    (["--preload", "--certfile", str(CERTIFICATE), "--keyfile", "key.pem"],
     "keyfile = 'key.pem' cannot be read: Permission denied"),
    ([], "there is no module 'served' in "),  # a folder of root's, in which nobody else finds one
], ids=["key", "app"])
def test_check_config_reads_as_who_the_workers_are(run, tmp_path, arguments, message):
    (tmp_path / "key.pem").write_text("")
    for name in ("key.pem", "served.py"):
        (tmp_path / name).touch(0o600)
    done = run("--check-config", "--user", "games", *arguments, "served:app")
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr


def test_check_config_lets_pass_two_ports_that_are_free_ones_or_are_shared(run):
    done = run("--check-config", "--bind", "127.0.0.1:0", "--bind", "127.0.0.1:0", "served:app",
               FASTSRV_ADMIN_BIND="127.0.0.1:0")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("--check-config", "--reuse-port", "--bind", "127.0.0.1:8000", "--bind", "127.0.0.1:8000", "served:app")
    assert (done.returncode, done.stderr) == (0, "")


def test_start_names_both_settings_of_one_address(run):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    done = run("--no-control-socket", "--bind", address, "served:app", FASTSRV_ADMIN_BIND=address)
    assert done.returncode == 1
    assert f"bind = {address!r} and fastsrv_admin_bind = {address!r} are one address" in done.stderr


def test_check_config_lets_pass_what_a_running_service_has(run, tmp_path):
    """It may be the one that is asked about."""
    (tmp_path / "pid").write_text(str(os.getpid()))
    with socket.create_server(("127.0.0.1", 0)) as one, socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "s"))
        done = run("--check-config", "--pid", "pid", "--bind", f"127.0.0.1:{one.getsockname()[1]}", "--bind", "unix:s",
                   "served:app", FASTSRV_ADMIN_BIND=f"unix:{tmp_path}/s")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("arguments", "message"), [
    (["--bind", "127.0.0.1:99999"], "Error: bind = '127.0.0.1:99999' cannot be used: bind(): port must be 0-65535.\n"),
    (["--bind", "127.0.0.1:0", "--certfile", "none.pem"],
     "Error: TLS cannot be used: certfile = 'none.pem' cannot be read: No such file or directory\n"),
])
def test_start_has_a_sentence_where_gunicorn_has_a_traceback(run, arguments, message):
    done = run("--no-control-socket", *arguments, "served:app")
    assert done.returncode == 1
    assert done.stderr.endswith(message) and "Traceback" not in done.stderr


def test_check_config_shows_the_traceback_of_an_app_that_raises(run):
    done = run("--check-config", "served:app", source="import no_such_module")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'no_such_module'\n")


def test_check_config_finds_the_app_by_pythonpath_and_says_so_on_the_terminal(run, tmp_path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper/there.py").write_text(APP)
    done = run("--check-config", "--pythonpath", "deeper", "--capture-output", "--log-file", "log", "there:app")
    assert (done.returncode, done.stdout) == (0, "OK: 'there:app' can be served with these settings\n")


def test_settings_are_told_each_with_its_value_and_origin(run, tmp_path):
    done = run(
        "--settings", "--timeout", "11", "--env", "FORWARDED_ALLOW_IPS=*",
        WEB_CONCURRENCY="3", FASTSRV_BODY_TIMEOUT="9",
        GUNICORN_CMD_ARGS="--backlog 13 --timeout 12", config="""
wsgi_app = "served:app"
backlog, keepalive, timeout = 1, 5, 1
fastsrv_min_rate, fastsrv_body_timeout, fastsrv_websocket = 7, 8, False
def when_ready(server): pass
""")
    assert (done.returncode, done.stderr) == (0, "")
    told = {}
    for line in done.stdout.splitlines():
        name, _, rest = line.partition("=")
        value, _, origin = rest.rpartition("  # ")
        told[name.strip()] = (value.strip(), origin)
    file = str(tmp_path / "gunicorn.conf.py")
    assert {name: told[name] for name in (
        "timeout", "backlog", "keepalive", "wsgi_app", "when_ready", "workers", "worker_class", "umask",
        "forwarded_allow_ips", "default_proc_name",
        "fastsrv_min_rate", "fastsrv_body_timeout", "fastsrv_websocket", "fastsrv_limit_concurrency",
    )} == {
        "timeout": ("11", "the command line"), "backlog": ("13", "GUNICORN_CMD_ARGS"), "keepalive": ("5", file),
        "wsgi_app": ("'served:app'", file), "when_ready": ("<when_ready>", file),
        "workers": ("3", "WEB_CONCURRENCY in the environment"),
        "worker_class": ("'fastsrv.Worker'", "the command line"), "umask": ("0", "default"),
        "forwarded_allow_ips": ("['127.0.0.1', '::1']", "default"), "default_proc_name": ("'gunicorn'", "default"),
        "fastsrv_min_rate": ("7.0", file), "fastsrv_body_timeout": ("9.0", "FASTSRV_BODY_TIMEOUT in the environment"),
        "fastsrv_websocket": ("'off'", file), "fastsrv_limit_concurrency": ("'off'", "default"),
    }


def test_settings_need_no_app(run):
    done = run("--settings", config="keepalive = 7")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search("^keepalive += 7 ", done.stdout, re.MULTILINE)
    assert run("--settings", "--check-config").stderr == "\nError: No application module specified.\n"


@pytest.mark.parametrize(("config", "given", "told"), [
    ("worker_class = 'sync'", "", ["'sync' in {folder}/gunicorn.conf.py"]),
    ("worker_class = 'fastsrv.Worker'", "-k gevent", ["'gevent' in GUNICORN_CMD_ARGS"]),
    ("class Own: pass\nworker_class = Own", "-k own.Worker",
     ["'own.Worker' in GUNICORN_CMD_ARGS", "<Own> in {folder}/gunicorn.conf.py"]),
    ("from fastsrv import Worker as worker_class", "", []),
    ("worker_class = 'egg:fastsrv#worker'", "-k fastsrv.worker.Worker", []),
])
def test_worker_class_that_is_overridden_is_warned_of(run, tmp_path, config, given, told):
    done = run("--check-config", "served:app", config=config, GUNICORN_CMD_ARGS=given)
    assert done.returncode == 0
    warned = done.stderr.splitlines()
    assert len(warned) == len(told)
    for line, beginning in zip(warned, told, strict=True):
        assert line.startswith(f"WARNING: worker_class = {beginning.format(folder=tmp_path)}")
        assert line.endswith(" has no effect: `python -m fastsrv` serves by fastsrv.Worker")


def test_settings_that_cannot_be_obeyed_are_told_of_instead(run):
    done = run("--settings", "served:app", config="fastsrv_min_rate = '240 bytes/s'")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: fastsrv_min_rate in gunicorn's config file must be a number of bytes/s")


def test_version_names_all_that_serve(run):
    told = run("--version").stdout
    python = ".".join(map(str, sys.version_info[:3]))
    assert told == (f"fastsrv {fastsrv.__version__}, gunicorn {gunicorn.__version__}, uvloop {uvloop.__version__}, "
                    f"CPython {python}\n")


def test_option_of_uvicorns_or_of_a_setting_of_ours_is_answered_with_a_hint(run):
    done = run("--host", "0.0.0.0", "--factory", "--fastsrv-min-rate=7", "--nonsense", "served:app")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-3:] == [
        "--host is --bind HOST:PORT", "--factory is the app's name with parentheses, 'module:create_app()'",
        "--fastsrv-min-rate is fastsrv_min_rate, set in gunicorn.conf.py or, in capitals, in the environment"]


def test_name_of_a_setting_is_answered_with_its_option(run):
    done = run("--keepalive", "3", "--proxy_allow_ips=*", "--secure-scheme-headers=x", "--fastsrv_min_rate=7",
               "served:app")
    assert done.returncode == 2
    assert set(done.stderr.splitlines()[-4:]) == {
        "--keepalive is --keep-alive", "--proxy_allow_ips is --proxy-allow-from",
        "--secure-scheme-headers is secure_scheme_headers, set in gunicorn.conf.py",
        "--fastsrv_min_rate is fastsrv_min_rate, set in gunicorn.conf.py or, in capitals, in the environment",
    }


def test_option_of_uvicorns_is_not_taken_for_the_beginning_of_one_of_gunicorns(run):
    done = run("--header", "a:b", "--http=h11", "served:app")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-3:] == [
        "python -m fastsrv: error: unrecognized arguments: --header --http=h11",
        "--header has no counterpart here: the app, or middleware of its, adds such fields",
        "--http has no counterpart here: fastsrv's own implementation is the only one"]
