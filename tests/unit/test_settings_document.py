"""docs/SETTINGS.md: fastsrv's own settings stand there as the code has them."""

import re

from fastsrv.config.setting import OFF, ConfigError
from fastsrv.config.table import OWN_SETTINGS
from tools.settings_document import DOCUMENT, with_table, written

LIMITS = [setting for setting in OWN_SETTINGS if setting.unit in ("seconds", "bytes", "bytes/s", "requests")]


def test_own_settings_are_as_the_code_has_them():
    """`python -m tools.settings_document` makes it true again."""
    text = DOCUMENT.read_text()
    assert with_table(text) == text


def named(pattern):
    """The settings between two parts of a sentence."""
    return set(re.findall(r"fastsrv_\w+", re.search(pattern, " ".join(DOCUMENT.read_text().split()))[1]))


def takes(setting, value):
    try:
        setting.parse(value, setting.name)
    except ConfigError:
        return False
    return True


def test_limits_that_can_be_off_are_named_unless_that_is_their_default():
    can = {setting.name for setting in LIMITS if takes(setting, OFF) and written(setting) != OFF}
    assert named(r"By the word `off` those can whose default that is, and (.*?)\.") == can


def test_limits_of_which_0_is_off_are_named():
    can = {setting.name for setting in LIMITS if takes(setting, 0)}
    assert named("The number 0 is off for (.*?), and an error for the others") == can
