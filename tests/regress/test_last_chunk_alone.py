"""Found in review: the last chunk, in a read of its own while the app waited for it, was counted on None.

Memory beside None was written, and the app was never told that the body had ended.
"""

from tests.support.apps import echo

HEAD = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_body_ends_with_a_last_chunk_that_comes_alone(wire):
    peer = wire(echo)
    peer.send(HEAD, b"5\r\nhello\r\n").wait(2).send(b"0\r\n\r\n")
    assert peer.output.endswith(b"\r\n\r\nhello")


def test_empty_chunked_body_ends_while_the_app_waits(wire):
    peer = wire(echo)
    peer.send(HEAD).wait(2).send(b"0\r\n\r\n")
    assert peer.output.startswith(b"HTTP/1.1 200 OK\r\n") and b"content-length: 0\r\n" in peer.output
