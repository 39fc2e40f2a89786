"""Writes the table of fastsrv's own settings, from fastsrv/config/table.py, into docs/SETTINGS.md.

`python -m tools.settings_document`, after a change of OWN_SETTINGS; tests/unit/test_settings_document.py
fails until it was called.
"""

from pathlib import Path

from fastsrv.config.setting import OFF
from fastsrv.config.table import OWN_SETTINGS
from tools.marks import between_marks

DOCUMENT = Path(__file__).parents[1] / "docs/SETTINGS.md"


def table():
    """The table as Markdown, a line for each setting."""
    lines = ["| name | default | unit | what | why this default |", "|---|---|---|---|---|"]
    lines += [f"| `{s.name}` | `{written(s)}` | {s.unit} | {s.what} | {s.why} |" for s in OWN_SETTINGS]
    return "\n".join(lines) + "\n"


def written(setting):
    """Its default, as it would be written in the environment."""
    default = setting.default
    if default == setting.off and not isinstance(default, bool):
        return OFF
    if isinstance(default, str):
        return default
    return ("on" if default else "off") if isinstance(default, bool) else f"{default:.10g}"


def with_table(text):
    """`text` with the table between the two marks replaced."""
    return between_marks(text, "settings_document", table())


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text()))
