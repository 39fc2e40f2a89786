"""What stands in gunicorn's error log and should not: judged by record. Called by trial.py."""

import re

RECORD = re.compile(r"\[[^\]]+\] \[\d+\] \[(\w+)\] (.*)")
HARMLESS = ("DEBUG", "INFO")
CLIENTS = (  # what they alone can cause (docs/COUNTERS.md); whether it is right shows in what the regulars are answered
    "Refused a request of ", "Closed a WebSocket of ", "Reset the connection of ",
    r"worker_connections \(\d+\) reached", r"\d+ more of the kind \w+ were left out",
)
MACHINES = ("The event loop (has been|was) blocked for ",)  # what a busy one can cause: some hundred tracebacks, say


def complaints(output, expected):
    """The records of level warning and worse that are none of CLIENTS' or MACHINES' and match none of the regular
    expressions `expected`, with what follows them; and lines that belong to no such record, such as a traceback that
    nobody logged.
    """
    found, grave, pardoned = [], False, False
    for line in output.splitlines():
        record = RECORD.match(line)
        if record is not None:
            level, message = record.groups()
            grave = level not in HARMLESS
            pardoned = any(re.match(pattern, message) for pattern in (*expected, *CLIENTS, *MACHINES))
        if not pardoned and (record is None or grave):
            found.append(line)
    return found
