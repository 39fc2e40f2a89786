"""docs/SETTINGS.md: fastsrv's own settings stand there as the code has them, gunicorn's with its defaults."""

import ast
import re

import pytest
from gunicorn.config import KNOWN_SETTINGS

from tools.settings_document import DOCUMENT, with_table

GUNICORN = {setting.name: setting for setting in KNOWN_SETTINGS}
TEXT = DOCUMENT.read_text()
OWN = TEXT[TEXT.index("<!-- made"):TEXT.index("<!-- end")]
of_the_newest = pytest.mark.skipif(
    "http2_cleartext" not in GUNICORN, reason="the document has the settings of the newest gunicorn")
ROWS = re.findall(r"^\| `(\w+)` \| (.*?) \| ", TEXT.replace(OWN, ""), re.MULTILINE)


def test_own_settings_are_as_the_code_has_them():
    """`python -m tools.settings_document` makes it true again."""
    assert with_table(TEXT) == TEXT


@of_the_newest
@pytest.mark.parametrize(("name", "default"), ROWS)
def test_gunicorn_has_the_setting_and_the_default_stated(name, default):
    actual = GUNICORN[name].default
    if default == "hook":
        assert callable(actual)
    elif default == "the current one":
        assert isinstance(actual, int)
    else:
        assert ast.literal_eval(default.strip("`")) == actual


@of_the_newest
def test_every_setting_of_gunicorn_is_mentioned_once():
    """One that is new in gunicorn needs a decision: obey, refuse, or say why not."""
    elsewhere = re.findall(r"`(\w+)`", TEXT[TEXT.index("## Everything else"):])
    assert sorted([name for name, _ in ROWS] + elsewhere) == sorted(GUNICORN)
