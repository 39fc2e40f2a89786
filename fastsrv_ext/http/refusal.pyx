"""What is answered instead of what was asked for: a 4xx, or a 503.

Knows no connection: who finds the fault raises, and http1/pipeline.pyx answers.
"""


class BadRequest(Exception):
    """A request that is answered by `status` and the text `reason`, and the connection closed.

    kind: one word for what is wrong, to count by (docs/COUNTERS.md lists them). fields: further header lines of the
    answer.
    """

    def __init__(self, int status, str reason, str kind, bytes fields=b""):
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.kind = kind
        self.fields = fields
        self.bodiless = False  # True in answer to HEAD


cdef object too_large(Limits limits):
    return BadRequest(
        431, f"request head larger than {limits.request_head} bytes (fastsrv_limit_request_head)", "head_size")


cdef object body_too_large(Limits limits):
    return BadRequest(
        413, f"request body larger than {limits.request_body} bytes (fastsrv_limit_request_body)", "body_size")
