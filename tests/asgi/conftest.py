"""The fixture `limited`, for tests/asgi/test_timeouts*.py."""

import pytest

LONG = {"header": 1000, "keepalive": 1000, "body": 1000, "send": 1000, "drain": 1000, "close": 1000}


@pytest.fixture
def limited(wire):
    """limited(app, **settings): a wire whose limits are long, but for those given."""
    return lambda app, **settings: wire(app, **{**LONG, **settings})
