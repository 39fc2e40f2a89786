"""What the options of other servers are here: for who comes from one of them.

Words only: fastsrv/cli.py answers an unknown option with them, and fastsrv/given.py an unknown name;
docs/FROM_UVICORN.md is made of them (`python -m tools.from_document`).
"""

from __future__ import annotations

from dataclasses import dataclass

from fastsrv.config.sources import PREFIX

OWN = "{}, set in gunicorn.conf.py or, in capitals, in the environment"
BIND, BIND_UNIX = "--bind HOST:PORT", "--bind unix:PATH"
FACTORY = "the app's name with parentheses, 'module:create_app()'"
OWN_HTTP = "fastsrv's own implementation is the only one"
OTHER_HTTP = "HTTP/1.1 is served; a proxy in front may speak others"
INTERFACE = "ASGI 3 is served; a2wsgi and asgiref wrap other applications"
ACCESS_LOG = "--access-logfile -, without which there is none"
NO_ACCESS_LOG = "there is no access log without --access-logfile"
ALWAYS_SENT = "each answer has that field, unless the app sends one of its own"
ATOMS = "with gunicorn's atoms"
OF_A_FORMATTER = "a formatter of yours, named in --log-config, may have colors"
WATCHED = "gunicorn watches the modules that are loaded, and what --reload-extra-file names"
IN_A_FOLDER = "--reload-extra-file 'DIR/**/*.py', from gunicorn 26.1 on"
LOOKED_AT = "gunicorn looks each second, or is told by inotify (--reload-engine)"
PASSWORD = "load the key with its password in the ssl_context hook, in gunicorn.conf.py"
ONE_LOOP = "a worker is one event loop in one thread; an app may have threads of its own"
MEMORY = "gunicorn knows no limit of memory: systemd's MemoryMax= is one, and --max-requests bounds what leaks"
FILES = "a proxy in front serves files, or the app"
REPLACED = "gunicorn replaces a worker that has died, at once"
NO_TIME = "it may take as long as it needs"
UNASKED = "that is so unless it is asked for"
LOGGERS = "whose loggers are gunicorn.error and gunicorn.access"
CONSOLE = "which needs a handler 'console', or a root of its own"
INI = f"an .ini file, {LOGGERS}, or one of JSON by --log-config-json, {CONSOLE}"
INFLATED = "and what inflates to more than 1 MiB and more than 128 times of what came is refused in any case"
NO_HTTP_2 = "no effect: only HTTP/1.1 is served"
WHO = "the same, and who the workers are"
ADDED, LEFT = "fastsrv_add_root_path = 'always'", "fastsrv_add_root_path = 'never'"  # to each path, or to none


@dataclass(frozen=True)
class Peer:
    """Another server, and each option of its command line, or name of its configuration that is none.

    same: those that gunicorn has by the same name, and what they are if that differs. like: what is to be written
    instead. without: those that are nothing here, and why.
    """

    name: str
    command: str  # that starts two workers of it
    same: dict[str, str]
    like: dict[str, str]
    without: dict[str, str]


UVICORN = Peer(
    "uvicorn", "uvicorn app:app --host 0.0.0.0 --port 8000 --workers 2",
    same={
        "--reload": "", "--workers": "", "--log-level": "", "--backlog": "", "--version": "", "--help": "",
        "--forwarded-allow-ips": "the same, of addresses and networks",
        "--root-path": f"the same, with {ADDED}", "--log-config": INI,
        "--ssl-version": "no effect: the ssl_context hook narrows the versions",
    },
    like={
        "--host": BIND, "--port": BIND, "--uds": BIND_UNIX, "--fd": "--bind fd://FD", "--factory": FACTORY,
        "--app-dir": "--pythonpath", "--loop": "--asgi-loop", "--lifespan": "--asgi-lifespan",
        "--reload-dir": IN_A_FOLDER, "--reload-include": "--reload-extra-file",
        "--env-file": "--env NAME=VALUE", "--access-log": ACCESS_LOG,
        "--proxy-headers": "--forwarded-allow-ips, the proxies that are believed",
        "--no-proxy-headers": "fastsrv_forwarded_fields = 'none'",
        "--limit-concurrency": "fastsrv_limit_concurrency", "--limit-max-requests": "--max-requests",
        "--limit-max-requests-jitter": "--max-requests-jitter", "--timeout-worker-healthcheck": "--timeout",
        "--timeout-keep-alive": "--keep-alive", "--timeout-graceful-shutdown": "--graceful-timeout",
        "--h11-max-incomplete-event-size": "fastsrv_limit_request_head", "--ssl-keyfile": "--keyfile",
        "--ssl-certfile": "--certfile", "--ssl-ca-certs": "--ca-certs", "--ssl-cert-reqs": "--cert-reqs",
        "--ssl-ciphers": "--ciphers", "ssl_context_factory": "ssl_context", "--ws": "fastsrv_websocket",
        "--ws-max-size": f"--websocket-max-message-size, {INFLATED}",
        "--ws-ping-interval": "fastsrv_websocket_ping_interval",
        "--ws-ping-timeout": "fastsrv_websocket_ping_timeout", "--ws-per-message-deflate": "fastsrv_websocket_deflate",
    },
    without={
        "--http": OWN_HTTP, "--http2": OTHER_HTTP, "--interface": INTERFACE, "--no-access-log": NO_ACCESS_LOG,
        "--use-colors": OF_A_FORMATTER, "--no-use-colors": OF_A_FORMATTER, "--server-header": ALWAYS_SENT,
        "--no-server-header": ALWAYS_SENT, "--date-header": ALWAYS_SENT, "--no-date-header": ALWAYS_SENT,
        "--header": "the app, or middleware of its, adds such fields", "--reload-exclude": WATCHED,
        "--reload-delay": LOOKED_AT, "--reset-contextvars": "each request has a context of its own",
        "--ssl-keyfile-password": PASSWORD, "--ws-max-queue": "a client is read no faster than the app receives",
        "callback_notify": "it is the worker class's own", "timeout_notify": "it is the worker class's own",
    })

GRANIAN = Peer(
    "granian", "granian --interface asgi app:app --host 0.0.0.0 --port 8000 --workers 2",
    same={
        "--workers": "", "--backlog": "", "--log-level": "", "--reload": "", "--version": "", "--help": "",
        "--log-config": f"--log-config-json, {LOGGERS}, {CONSOLE}",
        "--http2-max-concurrent-streams": NO_HTTP_2,
        "--http2-max-frame-size": NO_HTTP_2,
    },
    like={
        "--host": BIND, "--port": BIND, "--uds": BIND_UNIX, "--factory": FACTORY,
        "--uds-permissions": "--umask, which says what is taken away",
        "--ws": "fastsrv_websocket", "--no-ws": "fastsrv_websocket = 'off'", "--loop": "--asgi-loop",
        "--backpressure": "--worker-connections, above which clients wait, or fastsrv_limit_concurrency, which answers",
        "--http1-buffer-size": "fastsrv_limit_request_head",
        "--http1-header-read-timeout": "fastsrv_header_timeout, in seconds", "--http1-keep-alive": "--keep-alive",
        "--no-http1-keep-alive": "--keep-alive 0", "--no-log": "--error-logfile /dev/null",
        "--log": "--error-logfile", "--access-log": ACCESS_LOG,
        "--access-log-fmt": f"--access-logformat, {ATOMS}", "--ssl-certificate": "--certfile",
        "--ssl-keyfile": "--keyfile", "--ssl-ca": "--ca-certs", "--ssl-client-verify": "--cert-reqs 2",
        "--no-ssl-client-verify": "--cert-reqs 0",
        "--ssl-protocol-min": "ssl_context, a hook in gunicorn.conf.py that sets its minimum_version",
        "--ssl-crl": "ssl_context, a hook in gunicorn.conf.py that loads it",
        "--url-path-prefix": f"--root-path, with {LEFT}",
        "--workers-lifetime": "--max-requests, which counts requests", "--workers-kill-timeout": "--graceful-timeout",
        "--working-dir": "--chdir", "--env-files": "--env NAME=VALUE", "--metrics": "fastsrv_admin_bind",
        "--metrics-address": "fastsrv_admin_bind", "--metrics-port": "fastsrv_admin_bind",
        "--reload-paths": IN_A_FOLDER, "--process-name": "--name", "--pid-file": "--pid",
    },
    without={
        "--interface": INTERFACE, "--http": OTHER_HTTP, "--no-access-log": NO_ACCESS_LOG, "--no-factory": UNASKED,
        "--no-metrics": UNASKED, "--no-reload": UNASKED, "--blocking-threads": ONE_LOOP,
        "--blocking-threads-idle-timeout": ONE_LOOP, "--runtime-threads": ONE_LOOP,
        "--runtime-blocking-threads": ONE_LOOP, "--runtime-mode": ONE_LOOP, "--task-impl": "tasks are asyncio's",
        "--http1-pipeline-flush": "answers that are ready together leave together",
        "--no-http1-pipeline-flush": "answers that are ready together leave together",
        "--http2-adaptive-window": OTHER_HTTP, "--no-http2-adaptive-window": OTHER_HTTP,
        "--http2-initial-connection-window-size": OTHER_HTTP, "--http2-initial-stream-window-size": OTHER_HTTP,
        "--http2-keep-alive-interval": OTHER_HTTP, "--http2-keep-alive-timeout": OTHER_HTTP,
        "--http2-max-headers-size": OTHER_HTTP,
        "--http2-max-send-buffer-size": OTHER_HTTP, "--ssl-keyfile-password": PASSWORD,
        "--respawn-failed-workers": REPLACED, "--no-respawn-failed-workers": REPLACED, "--respawn-interval": REPLACED,
        "--rss-sample-interval": MEMORY, "--rss-samples": MEMORY, "--workers-max-rss": MEMORY,
        "--static-path-route": FILES, "--static-path-mount": FILES, "--static-path-dir-to-file": FILES,
        "--static-path-expires": FILES, "--metrics-scrape-interval": "they are counted as they happen",
        "--reload-ignore-dirs": WATCHED, "--reload-ignore-patterns": WATCHED, "--reload-ignore-paths": WATCHED,
        "--reload-tick": LOOKED_AT,
        "--reload-ignore-worker-failure": "a page shows what is wrong until it is mended",
        "--no-reload-ignore-worker-failure": "a page shows what is wrong until it is mended",
    })

HYPERCORN = Peer(
    "hypercorn", "hypercorn app:app --bind 0.0.0.0:8000 --workers 2",
    same={
        "--access-logfile": "", "--access-logformat": f"the same, {ATOMS}", "--backlog": "", "--bind": "",
        "--ca-certs": "", "--certfile": "", "--cert-reqs": "", "--ciphers": "", "--daemon": "", "--error-logfile": "",
        "--graceful-timeout": "", "--help": "", "--keep-alive": "", "--keyfile": "", "--log-file": "",
        "--log-level": "", "--max-requests": "", "--max-requests-jitter": "", "--pid": "", "--reload": "",
        "--root-path": f"the same, with {LEFT}", "--statsd-host": "", "--statsd-prefix": "", "--umask": "",
        "--workers": "",
        "--config": "the same, as a Python file", "--group": WHO, "--user": WHO, "--log-config": INI,
        "--worker-class": "fastsrv.Worker; --asgi-loop names the loop",
    },
    like={
        "--access-log": "--access-logfile", "--error-log": "--error-logfile", "--debug": "--log-level debug",
        "--read-timeout": "fastsrv_body_timeout, of a pause in a request", "--verify-mode": "--cert-reqs",
        "--websocket-ping-interval": "fastsrv_websocket_ping_interval",
        "h11_max_incomplete_size": "fastsrv_limit_request_head", "keep_alive_timeout": "keepalive",
        "pid_path": "pidfile", "shutdown_timeout": "graceful_timeout",
        "ssl_handshake_timeout": "fastsrv_header_timeout", "use_reloader": "reload",
        "verify_flags": "ssl_context, a hook in gunicorn.conf.py that sets them",
    },
    without={
        "--insecure-bind": "start another gunicorn, without certfile", "--keyfile-password": PASSWORD,
        "--quic-bind": OTHER_HTTP, "--server-name": "a proxy in front looks at the host, or the app",
        "alpn_protocols": OTHER_HTTP, "alt_svc_headers": "the app, or middleware of its, adds such fields",
        "h11_pass_raw_headers": "ASGI has the names of fields in lower case", "h2_max_concurrent_streams": OTHER_HTTP,
        "h2_max_header_list_size": OTHER_HTTP, "h2_max_inbound_frame_size": OTHER_HTTP,
        "include_date_header": ALWAYS_SENT,
        "include_server_header": ALWAYS_SENT, "keep_alive_max_requests": "a connection lasts for as long as it is used",
        "max_app_queue_size": "a client is read no faster than the app receives", "startup_timeout": NO_TIME,
        "wsgi_max_body_size": INTERFACE,
    })

PEERS = (UVICORN, GRANIAN, HYPERCORN)  # the hint of the first that has the option is given


def hint_of(option: str, own: str = OWN) -> str:
    """What to say of an option that is one of ours, or of another server's; empty if it is none. own: where {} is a
    setting of ours."""
    name = option[2:].replace("-", "_")
    if option.startswith("--") and name.startswith(PREFIX):
        return "is " + own.format(name)
    for peer in PEERS:
        if option in peer.like:
            meant = peer.like[option]
            return "is " + (own.format(meant) if meant.startswith(PREFIX) else meant)
        if option in peer.without:
            return "has no counterpart here: " + peer.without[option]
    return ""
