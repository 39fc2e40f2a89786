"""What the fuzzing starts from, and what it has found, holds on the usual build, too."""

import pytest

from tests.fuzz import head, inputs, protocol


@pytest.mark.parametrize("data", [*inputs(head)], ids=lambda data: "")
def test_head(data):
    head.check(data)


@pytest.mark.parametrize("data", [*inputs(protocol)], ids=lambda data: "")
def test_protocol(data):
    protocol.check(data)
