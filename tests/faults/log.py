"""What stands in gunicorn's error log and should not: judged by record. Called by trial.py."""

import re

from tests.support.stalls import RECORD, STALLS

HARMLESS = ("DEBUG", "INFO")
CLIENTS = (  # what they alone can cause (docs/COUNTERS.md); whether it is right shows in what the regulars are answered
    "Refused a request of ", "Closed a WebSocket of ", "Reset the connection of ",
    r"worker_connections \(\d+\) reached", r"\d+ more of the kind \w+ were left out",
)


def complaints(output, expected):
    """The records of level warning and worse that are none of CLIENTS' or STALLS' and match none of the regular
    expressions `expected`, with what follows them; and lines that belong to no such record, such as a traceback that
    nobody logged.
    """
    found, grave, pardoned = [], False, False
    for line in output.splitlines():
        record = RECORD.match(line)
        if record is not None:
            level, message = record.groups()
            grave = level not in HARMLESS
            pardoned = any(re.match(pattern, message) for pattern in (*expected, *CLIENTS, *STALLS))
        if not pardoned and (record is None or grave):
            found.append(line)
    return found
