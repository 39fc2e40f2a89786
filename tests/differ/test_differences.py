"""Each line of tests/support/differences.py says what is: who reads how many requests."""

import pytest

from tests.policy.rows import ROWS
from tests.support.agreement import compare, read_by_oracles, serve
from tests.support.differences import REFUSED, SERVED
from tests.support.oracles import h11_reads, httptools_reads


def whole(messages):
    return sum(message.whole for message in messages)


@pytest.mark.parametrize("scan", [True, False], ids=["scanned", "parsed"])
@pytest.mark.parametrize("difference", SERVED + REFUSED, ids=lambda difference: difference.name.replace(" ", "-"))
def test_difference_is_as_described(difference, scan):
    data = difference.data
    served = serve([data], scan)
    assert whole(served.requests) == difference.fastsrv
    assert whole(h11_reads(data, plain=False).messages) == difference.h11
    assert whole(httptools_reads(data).messages) == difference.httptools
    assert served.refused == (difference in REFUSED)
    readings = read_by_oracles(data)
    compare(served, *readings)
    assert (difference.name in readings[0].differences) == (difference in SERVED)


@pytest.mark.parametrize("difference", SERVED + REFUSED, ids=lambda difference: difference.name.replace(" ", "-"))
def test_difference_is_one(difference):
    assert len({difference.fastsrv, difference.h11, difference.httptools}) > 1


@pytest.mark.parametrize("difference", SERVED + REFUSED, ids=lambda difference: difference.name.replace(" ", "-"))
def test_difference_is_a_row_of_the_policy(difference):
    row, = (row for row in ROWS if row.sends == difference.row)
    assert (row.statuses[-1] >= 400) == (difference in REFUSED)
