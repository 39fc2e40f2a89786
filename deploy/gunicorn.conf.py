"""Settings for a service behind a proxy on the same machine, or in a container: copy it, and change what is yours.

Each can be changed without it: GUNICORN_CMD_ARGS for gunicorn's, FASTSRV_* for fastsrv's (docs/SETTINGS.md).
"""

import multiprocessing

worker_class = "fastsrv.Worker"
workers = multiprocessing.cpu_count()  # one event loop each: more do not serve more
bind = "127.0.0.1:8000"  # systemd hands its own socket over instead (systemd/app.socket)

# Longer than the proxy keeps idle connections (nginx.conf and haproxy.cfg beside this: 60 s), so that it is the one
# that ends them, and no request meets a close.
keepalive = 75

# How long an answer may take to be finished when the service stops, or a worker is replaced. Whoever stops the service
# waits for twice as long (TimeoutStopSec, terminationGracePeriodSeconds).
graceful_timeout = 30

# Health checks, metrics, status: on an address that only the proxy's machine, or the cluster, reaches.
fastsrv_admin_bind = "127.0.0.1:9464"

accesslog = "-"
fastsrv_access_log_format = "json"
