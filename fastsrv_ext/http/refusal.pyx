"""What is answered instead of what was asked for: a 4xx, or a 503.

Knows no connection: who finds the fault raises, and http1/pipeline.pyx answers.
"""

from fastsrv_ext.counters import KINDS


class BadRequest(Exception):
    """A request that is answered by `status` and the text `reason`, and the connection closed.

    kind: one of KINDS, to count by (docs/COUNTERS.md tells of them); where a setting decides it, `reason` ends with its
    name, for who reads the answer or the log. fields: further header lines of the answer.
    """

    def __init__(self, int status, str reason, str kind, bytes fields=b""):
        super().__init__(status, reason)
        setting = KINDS.get(kind)
        self.status = status
        self.reason = reason if setting is None else f"{reason} ({setting})"
        self.kind = kind
        self.fields = fields
        self.call = None  # the Call that is refused, once it is known


cdef object too_large(Limits limits):
    return BadRequest(431, f"request head larger than {limits.request_head} bytes", "head_size")


cdef object body_too_large(Limits limits):
    return BadRequest(413, f"request body larger than {limits.request_body} bytes", "body_size")
