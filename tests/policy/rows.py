"""All rows of the request policy, by topic: the one source of docs/HTTP.md and of what is sent to fastsrv in the tests.

`python -m tools.http_document` writes the document after a change.
"""

from tests.policy import chunked, connection, fields, framing, line, target

TOPICS = (
    ("The request line", line.SHAPE),
    ("Methods", line.METHODS),
    ("Versions", line.VERSIONS),
    ("The request target", target.TARGETS),
    ("Host", target.HOSTS),
    ("Field lines", fields.LINES),
    ("Field names", fields.NAMES),
    ("Field values", fields.VALUES),
    ("Fields that should come once", fields.SINGLES),
    ("Sizes of fields and heads", fields.SIZES),
    ("Transfer-Encoding", framing.CODINGS),
    ("Content-Length", framing.LENGTHS),
    ("Sizes of chunks, and what ends them", chunked.SIZES),
    ("Chunk extensions", chunked.EXTENSIONS),
    ("Trailers", chunked.TRAILERS),
    ("Connection, and persistence", connection.CONNECTIONS),
    ("Upgrade", connection.UPGRADES),
    ("Expect", connection.EXPECTS),
    ("What comes behind a request", connection.NEXT),
)
ROWS = tuple(row for _, rows in TOPICS for row in rows)
USUAL = tuple(row for row in ROWS if not row.under)  # with each setting at its default
SHORT = tuple(row for row in USUAL if len(row.data) < 1000)  # for who runs them many times
