"""Bytes of responses -> what h11, a strict and independent parser, makes of them."""

from types import SimpleNamespace

import h11


def parse(data, *methods):
    """The responses in `data` to requests by `methods` (one GET by default).

    Each: status, headers (dict of bytes), body, and keep_alive: may another response follow? Raises what h11 raises for
    bytes that are no responses, and AssertionError for bytes behind the last one.
    """
    peer = h11.Connection(h11.CLIENT)
    peer.receive_data(data)
    responses = []
    for method in methods or ("GET",):
        peer.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
        peer.send(h11.EndOfMessage())
        response = SimpleNamespace(body=b"")
        while type(event := peer.next_event()) is not h11.EndOfMessage:
            if event is h11.NEED_DATA:
                peer.receive_data(b"")  # the end: it may be that of a body without a length
            elif type(event) is h11.Response:
                response.status = event.status_code
                response.headers = {name.lower(): value for name, value in event.headers}
            elif type(event) is h11.Data:
                response.body += event.data
        response.keep_alive = peer.our_state is h11.DONE
        responses.append(response)
        if response.keep_alive:
            peer.start_next_cycle()
    assert not peer.trailing_data[0], f"bytes behind the responses: {peer.trailing_data[0]!r}"
    return responses
