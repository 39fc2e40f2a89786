"""docs/SETTINGS.md: fastsrv's own settings stand there as the code has them."""

from tools.settings_document import DOCUMENT, with_table


def test_own_settings_are_as_the_code_has_them():
    """`python -m tools.settings_document` makes it true again."""
    text = DOCUMENT.read_text()
    assert with_table(text) == text
