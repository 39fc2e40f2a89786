"""All documents: their text ends at column 120, and their links lead to what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (".", "docs", "benchmarks", "tests/autobahn")
DOCUMENTS = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.md"))
CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
# What is made from stored results, code and tables have lines as long as they need.
NO_TEXT = re.compile(rf"<!-- figures -->.*?<!-- /figures -->|{CODE.pattern}|^\|.*?$", CODE.flags)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
COLUMNS = 120

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


@each_document
def test_text_ends_at_column_120(document):
    text = NO_TEXT.sub(lambda found: "\n" * found[0].count("\n"), document.read_text(encoding="utf-8"))
    lines = enumerate(text.splitlines(), 1)
    assert [f"{document.name}:{number}" for number, line in lines if len(line) > COLUMNS] == []


@each_document
def test_links_lead_to_what_there_is(document):
    for path, heading in LINK.findall(CODE.sub("", document.read_text(encoding="utf-8"))):
        target = document.parent / path if path else document
        assert target.exists(), path
        if heading:
            assert heading in headings(target), f"{path}#{heading}"


def headings(document):
    """Of a document, as links have them: GitHub's words for them."""
    found = re.findall(r"^#+ (.*)$", CODE.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}
