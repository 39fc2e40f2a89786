"""fastsrv's own settings, one row each. The only place that names them; what a row says: setting.py.

No code of its own: sources.py reads their values, config.py hands them out. docs/SETTINGS.md is made from it
(`python -m tools.settings_document`).
"""

from fastsrv.config.setting import ADDRESS, OFF, OR, SWITCH, UNLIMITED, Setting

LARGEST_BODY = 2**40  # bytes (1 TiB)

OWN_SETTINGS = (
    Setting("fastsrv_header_timeout", 30.0, "seconds", "clock.HEAD",
            "Time for a complete request head, from the connection's first moment or the head's first byte. "
            "Nothing extends it.",
            "Load balancers open connections ahead of use and expect them to last; a slow-loris client is "
            "rid of in half a minute. nginx allows 60, Node 60."),
    Setting("fastsrv_body_timeout", 30.0, "seconds", "clock.BODY",
            "Longest pause in a request body while the app waits for it, in one receive() or in several.",
            "A mobile client changes cells within seconds; nginx allows 60."),
    Setting("fastsrv_send_timeout", 30.0, "seconds", "clock.SEND",
            "Time after which a peer that lags behind our writes must have read at fastsrv_min_rate, on average since "
            "it lags. What it has read beyond that lets it pause for three times as long.",
            "A load balancer reads at once; who reads nothing for half a minute has gone. nginx allows 60."),
    Setting("fastsrv_drain_timeout", 5.0, "seconds", "clock.DRAIN",
            "Longest pause in what is still on its way to us after an early answer, a 4xx of ours, or our end. Six "
            "times as long in all, or as long as the peer still reads what was sent.",
            "Some round trips. nginx has 5 and 30 (lingering_timeout, lingering_time)."),
    Setting("fastsrv_close_timeout", 5.0, "seconds", "clock.CLOSE",
            "Time for a closed connection's last bytes to leave and for the peer's end to come.",
            "Some round trips; after it the connection is reset."),
    Setting("fastsrv_shutdown_keepalive", 3.0, "seconds", "end.shutdown_keepalive",
            "Time that idle connections stay open when their worker is told to end (TERM, HUP, max_requests): a "
            "request that comes on one is answered, with Connection: close. At most gunicorn's keepalive, and half of "
            "the time that the end may take; none with reload.",
            "To close at once loses the request that is on its way; a client that asks every second learns from an "
            "answer. Docker kills after 10. nginx's keepalive_min_timeout is the like."),
    Setting("fastsrv_shutdown_delay", 0.0, "seconds", "end.shutdown_delay",
            "Time for which a worker serves on when the service stops, before it drains: load balancers see meanwhile "
            "that it is not ready any more. Not at a HUP. With fastsrv_shutdown_keepalive and what is kept for the "
            "rest of the end (5 seconds, or a quarter of graceful_timeout) it has to be less than graceful_timeout.",
            "Kubernetes goes on sending requests for some seconds after it has said TERM, other balancers until their "
            "next check. Who needs it knows for how long.", off=0.0),
    Setting("fastsrv_retire_timeout", 300.0, "seconds", "end.retire_timeout",
            "Longest time that a worker serves on which is told to end: by a HUP until a younger one is ready in its "
            "place, by max_requests until no other worker ends or starts. Then it ends all the same, if another one "
            "serves. With reuse_port at most half of graceful_timeout.",
            "Longer than applications take to start: until then nobody waits for the new ones."),
    Setting("fastsrv_min_rate", 240.0, "bytes/s", "limits.min_rate",
            "Lowest rate, averaged, at which a body may come in once fastsrv_body_timeout was waited for it, "
            "and at which a lagging peer has to read.",
            "Slower than any modem, faster than one byte now and then. Kestrel has 240, Apache 500."),
    Setting("fastsrv_limit_request_head", 65536, "bytes", "limits.request_head",
            "Size of a request line with all header fields, beside gunicorn's limits for each.",
            "Eight fields of gunicorn's largest size. Node allows 16 KiB, h11 16 KiB, Go 1 MiB."),
    Setting("fastsrv_limit_request_body", UNLIMITED, "bytes", "limits.request_body",
            "Size of a request body, by its Content-Length or as its chunks arrive. More is a 413.",
            "What is too large is the app's to know, or a proxy's in front; a body is never kept as a whole here. "
            "nginx allows 1 MiB, Node and Go any size.", LARGEST_BODY),
    Setting("fastsrv_limit_drain", 128 * 1024 * 1024, "bytes", "limits.drain",
            "Size of what is read and thrown away after an early answer, a 4xx of ours, or our end. Behind it reading "
            "stops, and the connection stays open until the peer's end or the limit of time.",
            "Many clients read an answer only when they have sent all of their upload: Python's http.client, Java's "
            "HttpURLConnection. 100 MB take a twentieth of a second of work. nginx and Apache have no limit but of "
            "time, Go 256 KiB."),
    Setting("fastsrv_limit_concurrency", UNLIMITED, "requests", "service.max_in_flight",
            "Requests in flight in one worker: the app is at work on the answer, or goes on after its client has gone. "
            "One more is answered with 503 at once.",
            "How many an app can work on is the app's to know. uvicorn's limit is off, too."),
    Setting("fastsrv_keep_alive_header", False, SWITCH, "response.keep_alive_header",
            "Tell clients with each response for how long an idle connection is kept: Keep-Alive: timeout=, with "
            "gunicorn's keepalive in seconds, and the Connection: keep-alive that belongs to it.",
            "It is 47 bytes a response, of use to clients that heed it: Node's, Apache's HttpClient, Firefox. Node's "
            "server sends it, nginx if it is asked to."),
    Setting("fastsrv_slow_callback", 0.5, "seconds", "watchdog.slow_callback",
            "Time for which code that does not await may block the event loop, until a warning shows that code and the "
            "requests in flight. It comes half a second later at most.",
            "Whoever else waits for an answer has noticed by then. slow_callback_duration of asyncio's debug mode is "
            "0.1, which many an app's first request takes.", may_be_off=True),
    Setting("fastsrv_access_log_format", "text", f"text{OR}json", "log.access_format",
            "What a line of the access log is. text: what gunicorn's access_log_format says. json: an object, with "
            "typed members, whatever that says. docs/LOGS.md lists them.",
            "It is what gunicorn's other workers write."),
    Setting("fastsrv_slow_request", 0.0, "seconds", "log.slow_request",
            "Time from the call of the app to its complete answer, or to its end, above which a warning in the error "
            "log says where it went. Not for WebSockets.",
            "What is slow is the app's to know, and a stream lasts for as long as it is wanted.", off=0.0),
    Setting("fastsrv_request_id", OFF, f"off{OR}log{OR}answer", "log.request_id",
            "Give each request an X-Request-ID and a traceparent, unless a proxy of forwarded_allow_ips has. log: in "
            "the scope and the logs. answer: in the answer's X-Request-ID, too. docs/LOGS.md says where.",
            "It costs some microseconds a request, for applications and logs that look for it."),
    Setting("fastsrv_send_after_disconnect", "ignore", f"ignore{OR}raise", "scope.send_after_disconnect",
            "What send() does when the client has gone. ignore: nothing, and the scope says spec_version 2.3. raise: "
            "it raises an OSError, and the scope says 2.5.",
            "Applications are written for servers that ignore it: with raise, Starlette and FastAPI run no background "
            "task of such a request, and generators stay open. docs/ASGI.md says more."),
    Setting("fastsrv_websocket", True, SWITCH, "upgrades.websocket",
            "Serve WebSocket (RFC 6455). off: a request that asks for it is served as any other.",
            "Frameworks have WebSocket routes as they have others; uvicorn serves it wherever a library for it is."),
    Setting("fastsrv_websocket_deflate", True, SWITCH, "websocket.deflate",
            "Agree to permessage-deflate (RFC 7692) with WebSocket clients that offer it.",
            "uvicorn does. Browsers offer it, text becomes a fifth of its size, and a connection that uses it takes "
            "45 KB of memory."),
    Setting("fastsrv_websocket_ping_interval", 20.0, "seconds", "clock.OPEN",
            "Time after which a WebSocket's peer is sent a Ping, so that one that has vanished is found out, and no "
            "proxy takes the connection for idle.",
            "nginx closes after 60 silent seconds (proxy_read_timeout). uvicorn's is the same.", may_be_off=True),
    Setting("fastsrv_websocket_ping_timeout", 20.0, "seconds", "clock.PONG",
            "Time in which a Pong, or any other frame, has to come behind a Ping. A long frame that comes at "
            "fastsrv_min_rate is waited for.",
            "A mobile client changes cells within seconds. uvicorn's is the same.", may_be_off=True),
    Setting("fastsrv_websocket_close_timeout", 10.0, "seconds", "clock.CLOSING",
            "Time in which the peer has to answer our Close.",
            "Some round trips; a browser's page that is busy takes longer. websockets, which uvicorn uses, has 10."),
    Setting("fastsrv_forwarded_fields", "client", f"client{OR}x-forwarded{OR}forwarded{OR}none", "forwarded.fields",
            "The fields that your proxies write, and that are therefore believed of those in forwarded_allow_ips. "
            "client: X-Forwarded-For and secure_scheme_headers. x-forwarded: X-Forwarded-Host, -Port and -Prefix, too. "
            "forwarded: Forwarded (RFC 7239), and none of those. none: none of all. docs/PROXIES.md tells what comes "
            "of each.",
            "A proxy passes on what it does not write, and a client may have written that: these two nearly every "
            "proxy writes."),
    Setting("fastsrv_add_root_path", "missing", f"missing{OR}always{OR}never", "scope.add_root_path",
            "When a request's path gets root_path before it, as it has to be in there (ASGI). missing: where it does "
            "not begin with it, by whole segments. always: a proxy takes it off each path. never: the paths have it.",
            "It is right with proxies that take it off and with those that leave it, but for a path that has it twice. "
            "uvicorn always adds it, gunicorn's own worker never."),
    Setting("fastsrv_admin_bind", OFF, ADDRESS, "admin.bind",
            "An address of its own for health, metrics and status, answered without the app, also while it blocks the "
            "loops of all workers: host:port, [v6]:port or unix:/path. A reload does not change it. docs/OPERATIONS.md "
            "tells what can be asked.",
            "It tells whoever reaches it how the service is: that is for you to open."),
    Setting("fastsrv_admin_blocked_after", 5.0, "seconds", "admin.blocked_after",
            "Time without a turn of its loop after which a worker is told as blocked at the admin address, and counts "
            "as one that does not serve. If all are, /readyz and /livez are 503.",
            "Long enough for what an app may do once in a while, and well before gunicorn's timeout of 30 ends the "
            "worker: whoever asks every few seconds sees it."),
    Setting("fastsrv_tls_reload", 60.0, "seconds", "tls.reload",
            "Time between two looks at the files of certfile, keyfile and ca_certs. When one has changed, and not "
            "again until the next look, new connections get a new context; if it cannot be made, the one from before. "
            "docs/TLS.md says more.",
            "A renewed certificate that nobody takes up is an outage when the old one expires. gunicorn's sync worker "
            "reads the files for each connection, and a worker that is replaced does in any case.",
            may_be_off=True, off=0.0),
    Setting("fastsrv_scan_heads", True, SWITCH, "service.scan_heads",
            "Read request heads of the plain form without the parser. Off: httptools reads all of them; "
            "the app sees the same.",
            "A plain request costs half a microsecond less, one with a browser's fields 1.5. A way out, "
            "should the two ever differ."),
)
