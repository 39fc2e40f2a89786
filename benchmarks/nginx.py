"""nginx's configuration for a scenario, and the file that it serves. Called by measure.py."""

import os
from pathlib import Path

from benchmarks.environments import CERTIFICATE
from benchmarks.scenarios import PLAIN

# keepalive_requests: nginx would end each connection after a thousand.
CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{
    worker_connections 20000;
}}
http {{
    access_log off;
    default_type text/plain;
    sendfile on;
    open_file_cache max=10;
    keepalive_timeout {keep_alive}s;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=2048{tls};
        location / {{
            {answer}
        }}
    }}
}}
"""
TLS = """ ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate}"""


def configure(scenario, port, folder):
    """Write the configuration for `scenario` into `folder`, which is there; its path."""
    folder = Path(folder)
    if scenario.answer == PLAIN:
        answer = 'return 200 "Hello, World!";'
    else:
        (folder / "large").write_bytes(b"x" * scenario.answer)
        answer = f"root {folder};\n            try_files /large =404;"
    path = folder / "nginx.conf"
    path.write_text(CONFIGURATION.format(
        user="user root;" if os.geteuid() == 0 else "",  # nobody would not see the folder
        folder=folder, port=port, keep_alive=scenario.keep_alive, answer=answer,
        tls=TLS.format(certificate=CERTIFICATE) if scenario.tls else ""))
    return path
