"""docs/HTTP.md has the rows as they are sent to fastsrv."""

from collections import Counter

from tests.policy.rows import ROWS
from tools.http_document import DOCUMENT, with_tables


def test_document_is_as_the_rows_are():
    """`python -m tools.http_document` makes it true again."""
    text = DOCUMENT.read_text()
    assert with_tables(text) == text


def test_each_row_has_a_name_of_its_own():
    assert [name for name, count in Counter(row.name for row in ROWS).items() if count > 1] == []
    assert [row.name for row in ROWS if "|" in row.sends + row.rfc + row.note] == []
