"""The image's command, alone and with what the pod gives it, where nothing can be written to; the manifests."""

import http.client
import json
import os
import re
import shutil
import signal
import sys
from contextlib import closing
from importlib.metadata import requires

import pytest

from tests.deploy.served import CONFIG, SOURCE
from tests.support.asking import fetch
from tests.support.deployed import taken
from tests.support.servers import PATIENCE, Gunicorn


def image():
    """Its command, as words, and its environment, but for the PATH."""
    text = taken("Dockerfile")
    env = dict(word.split("=", 1) for line in re.findall(r"^ENV (.*)$", text, re.MULTILINE) for word in line.split())
    del env["PATH"]
    return json.loads(re.search(r"^CMD (.*)$", text, re.MULTILINE)[1]), env


def manifests():
    return list(pytest.importorskip("yaml").safe_load_all(taken("kubernetes/app.yaml")))


def template():
    return manifests()[0]["spec"]["template"]


def pod():
    return template()["spec"]


def given_to(container):
    """The environment that a container of the pod gets."""
    return {each["name"]: each["value"] for each in container["env"]}


@pytest.fixture
def contained(tmp_path):
    """contained(env) -> Gunicorn: the image's command with its environment and `env`, on free ports, where neither the
    folder nor HOME can be written to."""
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "app.py").write_text(SOURCE)

    def prepare(env):
        words, own = image()
        env = {**own, **env, "HOME": str(folder), "XDG_RUNTIME_DIR": "", "TMPDIR": str(folder)}
        env.setdefault("FASTSRV_ADMIN_BIND", "127.0.0.1:0")
        server = Gunicorn(folder, "app:app", config=CONFIG, env=env)
        server.command = [
            sys.executable, "-m", *(re.sub(r"^0\.0\.0\.0:8000$", "127.0.0.1:0", word) for word in words)]
        if os.geteuid() == 0:  # no folder's mode binds root, but for one without capabilities
            if shutil.which("setpriv") is None:
                pytest.skip("needs setpriv, as root")
            server.command = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", *server.command]
        folder.chmod(0o555)
        return server

    yield prepare
    folder.chmod(0o755)


def ends_without_an_error(server):
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert not re.search(r"\[(WARNING|ERROR|CRITICAL)\]", server.output), server.output


def test_image_serves_where_nothing_can_be_written_to(contained):
    with contained({}) as server:
        server.wait_for("the service is up")
        assert fetch(server).status == 200
        ends_without_an_error(server)
        assert server.output.count("Booting worker") == int(image()[1]["WEB_CONCURRENCY"])


def test_pod_serves_where_nothing_can_be_written_to(contained):
    """With the environment of its manifest; its probes and Prometheus are answered."""
    container = pod()["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    env = given_to(container)
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert env["FASTSRV_ADMIN_BIND"].endswith(f":{ports['admin']}")
    scraped = template()["metadata"]["annotations"]
    assert (scraped["prometheus.io/scrape"], scraped["prometheus.io/port"]) == ("true", str(ports["admin"]))
    with contained({**env, "FASTSRV_ADMIN_BIND": "127.0.0.1:0"}) as server:
        server.wait_for("Ready after", 2)
        assert fetch(server).status == 200
        admin = int(server.wait_for(r"Admin address: http://127\.0\.0\.1:(\d+)")[1])
        probes = [container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
        assert {each["port"] for each in probes} == {"admin"}
        for path in [each["path"] for each in probes] + [scraped.get("prometheus.io/path", "/metrics")]:
            with closing(http.client.HTTPConnection("127.0.0.1", admin, timeout=PATIENCE)) as client:
                client.request("GET", path)
                assert client.getresponse().status == 200
        ends_without_an_error(server)


def test_image_has_what_metrics_wants():
    """Without prometheus_client, an extra of ours, /metrics is a 501."""
    wanted = [each for each in requires("fastsrv") if each.startswith("prometheus-client")]
    installed = re.findall(r"^RUN .*pip install.*fastsrv\[(\w+)\]", taken("Dockerfile"), re.MULTILINE)
    assert installed == re.findall(r'extra == "(\w+)"', *wanted)


def test_manifests_are_what_kubernetes_takes():
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    for manifest in manifests():
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
