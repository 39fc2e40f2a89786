"""deploy/prometheus: the alert rules are raised when they should be, and all that is asked for is a metric of ours."""

import json
import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fastsrv.admin.metrics import metrics_page
from fastsrv.board import Board

FOLDER = Path(__file__).parents[2] / "deploy/prometheus"
METRIC = re.compile(r"\bfastsrv_\w+")


@pytest.mark.skipif(which("promtool") is None, reason="needs promtool")
@pytest.mark.parametrize("command", [("check", "rules", "rules.yml"), ("test", "rules", "tests.yml")], ids=" ".join)
def test_rules(command):
    checked = subprocess.run(["promtool", *command], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture
def names():
    """Of all that /metrics can have."""
    board = Board()
    board.take(1)
    text, _ = metrics_page(board, "asyncio", 5, "")
    families = list(text_string_to_metric_families(text.decode()))
    return {sample.name for each in families for sample in each.samples} | {
        f"{each.name}_total" for each in families if each.type == "counter"}  # of which nothing was counted yet


def test_rules_ask_for_metrics_of_ours(names):
    asked = set(METRIC.findall(re.sub(r"fastsrv_limit_concurrency", "", (FOLDER / "rules.yml").read_text())))
    assert asked and asked <= names


def test_dashboard_asks_for_metrics_of_ours(names):
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    asked = {name for each in panels for target in each["targets"] for name in METRIC.findall(target["expr"])}
    assert asked and asked <= names
