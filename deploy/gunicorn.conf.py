"""Settings for a service behind a proxy on the same machine, or in a container: copy it, and change what is yours.

Each can be changed without it: GUNICORN_CMD_ARGS for gunicorn's, FASTSRV_* for fastsrv's (docs/SETTINGS.md).
"""

import os

worker_class = "fastsrv.Worker"
# One event loop each: more than cores do not serve more. These are the cores that the service may run on (AllowedCPUs
# of systemd, docker run --cpuset-cpus). Of a share of their time (CPUQuota, docker run --cpus, Kubernetes' limits)
# nobody tells here: say yours in WEB_CONCURRENCY.
workers = int(os.environ.get("WEB_CONCURRENCY") or len(os.sched_getaffinity(0)))
bind = "127.0.0.1:8000"  # systemd hands its own socket over instead (systemd/app.socket)

# Longer than the proxy keeps idle connections (nginx.conf and haproxy.cfg beside this: 60 s), so that it is the one
# that ends them, and no request meets a close.
keepalive = 75

# Longer than the proxies beside this let pass, which are nearer to the client: haproxy has 15 KiB for all of a head,
# nginx 8 KiB for each line (large_client_header_buffers), which Huffman codes of HTTP/2 make 13,107 characters of.
limit_request_line = 16 * 1024
limit_request_field_size = 16 * 1024

# How long an answer may take to be finished when the service stops, or a worker is replaced: docs/DEPLOY.md says how
# long who stops the service has to wait.
graceful_timeout = 30

# Health checks, metrics, status: on an address that only the proxy's machine, or the cluster, reaches.
fastsrv_admin_bind = "127.0.0.1:9464"

# gunicornc's socket is a file in the home folder, which a service of this kind has not or may not write to: each start
# would log an error.
control_socket_disable = True

accesslog = "-"
fastsrv_access_log_format = "json"
