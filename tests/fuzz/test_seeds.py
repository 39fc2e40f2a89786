"""What the fuzzing starts from, and what it has found, holds on the usual build, too."""

import pytest

from tests.fuzz import differ, head, inputs, protocol, websocket


@pytest.mark.parametrize("data", [*inputs(head)], ids=lambda data: "")
def test_head(data):
    head.check(data)


@pytest.mark.parametrize("data", [*inputs(protocol)], ids=lambda data: "")
def test_protocol(data):
    protocol.check(data)


@pytest.mark.parametrize("data", [*inputs(differ)], ids=lambda data: "")
def test_differ(data):
    differ.check(data)


@pytest.mark.parametrize("data", [*inputs(websocket)], ids=lambda data: "")
def test_websocket(data):
    websocket.check(data)
