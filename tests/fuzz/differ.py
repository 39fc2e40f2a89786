"""Requests: whatever is served, h11 and httptools read alike, and nothing is served behind what is refused.

Input: what a peer sends at once.
"""

from tests.fuzz import head
from tests.policy.row import LIMITS
from tests.support.agreement import compare, read_by_oracles, serve_at_once
from tests.support.differences import NEXT, REFUSED, SERVED


def seeds():
    for data in head.seeds():
        yield data + NEXT
    for difference in SERVED + REFUSED:
        yield difference.data


def check(data):
    compare(serve_at_once(data, True, LIMITS), *read_by_oracles(data))
