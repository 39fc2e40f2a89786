"""Writes which of gunicorn's settings are refused, and which do nothing, from fastsrv/config/gunicorns.py, into
docs/GUNICORN.md.

`python -m tools.gunicorn_document`, after a change of REFUSED or WITHOUT_EFFECT; tests/unit/test_gunicorn_document.py
fails until it was called.
"""

from pathlib import Path

from gunicorn.config import make_settings

from fastsrv.config.gunicorns import REFUSED, WITHOUT_EFFECT
from tools.marks import between_marks

SETTINGS = make_settings()
DOCUMENT = Path(__file__).parents[1] / "docs/GUNICORN.md"
FROM = {"http2_cleartext": "26.2"}  # the first gunicorn that has it, if that is not the oldest that fastsrv works with


def tables():
    """Both, as Markdown."""
    return "\n".join((
        "## Refused", "",
        "These stop the start unless they have their default, since silence would be worse:",
        "`unit/test_config.py::test_setting_of_gunicorn_that_cannot_be_obeyed_is_refused`.", "",
        *rows({name: why for name, (_, why) in REFUSED.items()}), "",
        "## Without effect", "",
        "An app is served all the same. Who sets one of them is told so in a line at the start:",
        "`unit/test_without_effect.py::test_setting_that_was_changed_is_told_of_with_the_reason`.", "",
        *rows(WITHOUT_EFFECT), ""))


def rows(reasons):
    """A table of names and why."""
    return ["| name | why |", "|---|---|", *(f"| {named(name)} | {why} |" for name, why in reasons.items())]


def named(name):
    """A setting, its option if that is called otherwise, and the first gunicorn that has it."""
    option = option_of(name)
    return f"`{name}`" + f" (`{option}`)" * bool(option) + (f" (from {FROM[name]})" if name in FROM else "")


def option_of(name):
    """The option of gunicorn's command line, if it is not its setting's name; None otherwise."""
    options = SETTINGS[name].cli if name in SETTINGS else None
    return options[-1] if options and "--" + name.replace("_", "-") not in options else None


def with_tables(text):
    """`text` with the tables between the two marks replaced."""
    return between_marks(text, "gunicorn_document", tables())


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text()))
