"""Whatever fastsrv serves, h11 and httptools read as the same requests with the same boundaries; and it serves whatever
is wholly good. tests/support/agreement.py says what has to agree, tests/support/differences.py what need not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.differ import run
from tests.differ.connections import connections, good_connections, mutated
from tests.fuzz import head, inputs, protocol
from tests.policy.row import LIMITS
from tests.policy.rows import USUAL
from tests.support.agreement import agree, compare, read_by_oracles, serve
from tests.support.differences import NEXT
from tests.support.oracles import Message

cuts = st.lists(st.integers(0, 1000), max_size=3)


def in_reads(data, cuts):
    places = sorted({0, *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in zip(places, [*places[1:], len(data)], strict=True) if end > start]


def serve_and_compare(data, cuts, **limits):
    """In one read and in several, heads scanned and parsed: it must come to the same."""
    readings = read_by_oracles(data)
    outcomes = []
    for scan in (True, False):
        for reads in ([data], in_reads(data, cuts)):
            served = serve(reads, scan, **limits)
            compare(served, *readings)
            whole = [request for request in served.requests if request.whole]
            outcomes.append((whole, [status // 100 for status in served.statuses], served.ended))
    assert outcomes == outcomes[:1] * 4
    return served


@given(connections, cuts)
def any_connection(requests, cuts):
    serve_and_compare(b"".join(request.data for request in requests) + NEXT, cuts)


@given(mutated(), cuts)
def mutated_connection(data, cuts):
    serve_and_compare(data + NEXT, cuts)


@given(good_connections, cuts)
def good_connection(requests, cuts):
    served = serve_and_compare(b"".join(request.data for request in requests), cuts)
    expected = []
    for request in requests:
        expected.append(Message(
            request.method.decode(), request.target, request.version[5:].decode(), list(request.fields), request.body,
            True, not request.last))
        if request.last:
            break
    assert served.statuses == [200] * len(expected), "a good request is refused"
    assert len(served.requests) == len(expected)
    agree(served.requests, expected)


def test_whatever_is_served_is_read_alike(request):
    run(request, any_connection, 700, 50_000)


def test_whatever_is_served_of_a_damaged_connection_is_read_alike(request):
    run(request, mutated_connection, 500, 50_000)


def test_good_requests_are_served_and_read_alike(request):
    run(request, good_connection, 300, 20_000)


@pytest.mark.parametrize("row", USUAL, ids=lambda row: row.name)
def test_rows_of_the_policy_are_read_alike(row):
    data = row.data + NEXT
    served = serve_and_compare(data, [len(row.data), 0, len(row.data) // 2], **LIMITS)
    assert served.statuses == list(row.statuses) + [200] * (not row.last)


@pytest.mark.parametrize("data", [*inputs(head)], ids=lambda data: "")
def test_seeds_of_heads_are_read_alike(data):
    serve_and_compare(data + NEXT, [len(data)], **LIMITS)


@pytest.mark.parametrize("data", [*inputs(protocol)], ids=lambda data: "")
def test_seeds_of_the_protocol_are_read_alike(data):
    """Their orders left out, their reads kept."""
    first, *others = data.split(b"\xff")
    reads = [read for read in (first, *(other[1:] for other in others), NEXT) if read]
    for scan in (True, False):
        compare(serve(reads, scan, **LIMITS), *read_by_oracles(b"".join(reads)))
