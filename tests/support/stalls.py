"""What a busy machine alone can have a worker say: that its loop stood still. A test that looks for complaints leaves
it out, or a machine that stalls fails it."""

import re

RECORD = re.compile(r"\[[^\]]+\] \[\d+\] \[(\w+)\] (.*)")
STALLS = ("The event loop (has been|was) blocked for ",)


def without_stalls(output):
    """gunicorn's output without the records of stalls, and the stacks that follow them."""
    kept, of_a_stall = [], False
    for line in output.splitlines(keepends=True):
        record = RECORD.match(line)
        if record is not None:
            of_a_stall = any(re.match(pattern, record[2]) for pattern in STALLS)
        elif of_a_stall:
            of_a_stall = line.startswith((" ", "In flight ", "..."))
        if not of_a_stall:
            kept.append(line)
    return "".join(kept)
