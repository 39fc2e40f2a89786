"""Found by a review: empty lines before a request were counted only where a read ended among them."""

import pytest

from tests.support.apps import Recorder
from tests.support.wire import get


@pytest.mark.parametrize("pieces", [1, 2, 7])
@pytest.mark.parametrize(("lines", "status"), [(500, 200), (501, 431)])
def test_empty_lines_have_a_limit_however_they_are_cut(wire, lines, status, pieces):
    data = b"\r\n" * lines + get()
    step = -(-len(data) // pieces)
    it = wire(Recorder(), request_head=1000)
    it.send(*(data[at:at + step] for at in range(0, len(data), step)))
    assert it.output.startswith(b"HTTP/1.1 %d " % status)
