"""What the fuzzing starts from, and what it has found: all of it holds, on the usual build, without the fuzzer."""

from pathlib import Path

import pytest

from tests.fuzz import head, protocol

FOUND = Path(__file__).parent / "found"


def inputs(target):
    found = (path.read_bytes() for path in sorted(FOUND.glob(f"{target.__name__.rpartition('.')[2]}/*")))
    return pytest.mark.parametrize("data", [*target.seeds(), *found], ids=lambda data: "")


@inputs(head)
def test_head(data):
    head.check(data)


@inputs(protocol)
def test_protocol(data):
    protocol.check(data)
