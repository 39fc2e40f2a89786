"""A port that is text, as the environment has it, or a host that is none raised Python's TypeError, which named
neither. Found in review."""

import pytest

from fastsrv.config.setting import ConfigError
from fastsrv.testing import serve
from tests.support.apps import hello


@pytest.mark.parametrize(("settings", "text"), [
    ({"port": "8000"}, r"port of serve\(\) must be 0 to 65535, not '8000'"),
    ({"port": None}, r"port of serve\(\) must be 0 to 65535, not None"),
    ({"host": None}, r"host of serve\(\) must be a name or an address as text, not None"),
])
def test_it_is_named(settings, text):
    with pytest.raises(ConfigError, match=text), serve(hello, **settings):
        pytest.fail("it has started")
