"""Found in review: an offer of permessage-deflate may have any number of parameters, and each of them was taken apart:
a handshake of 56 KB kept the worker busy for 87 ms."""

from contextlib import closing

import pytest

from fastsrv_ext.websocket.deflate import negotiate
from tests.support.puppet import Puppet
from tests.support.wire import get
from tests.websocket.client import ASKS, Client

LONGEST = 2048  # bytes, of all offers
OFFER = b"permessage-deflate; client_max_window_bits"


@pytest.mark.parametrize("offer", [
    b"permessage-deflate" + b"; b=c" * 500, b"x" * (LONGEST + 1), b"x" + b" " * LONGEST,
    b'a; b="' + b"c" * LONGEST + b'"', b", ".join([OFFER + b"; x=" + b"y" * 30] * 30),
])
def test_offers_that_are_longer_than_anybodys_are_refused(offer):
    for offers in ([offer], [OFFER, offer], [offer[:1000], offer[1000:]]):
        with pytest.raises(ValueError, match=f"longer than {LONGEST} bytes"):
            negotiate(offers)


def test_as_long_as_they_may_be():
    first = b"x" + b"; y" * ((LONGEST - len(OFFER) - 2) // 3)
    assert negotiate([first, OFFER]) is not None
    assert negotiate([b"x" * (LONGEST - len(OFFER) - 1), OFFER]) is not None


def test_who_makes_them_gets_a_400():
    app = Puppet()
    with closing(Client(app)) as client:
        client.send(get(b"/", *ASKS, b"Sec-WebSocket-Extensions: permessage-deflate" + b"; b=c" * 1000))
        assert client.output.startswith(b"HTTP/1.1 400 ")
    assert not app.calls
