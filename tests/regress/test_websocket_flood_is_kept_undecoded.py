"""A WebSocket's client that sent faster than its messages were decoded, a millisecond a turn of the loop, was read all
the same. What it sent piled up, some 20 MB a second, and was copied with each read. Found by the fault tests, as memory
of a worker."""

from contextlib import closing

from tests.support.frames import BINARY, TEXT, frame
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept

MANY = 70
READ = frame(TEXT, b"x" * 500) * MANY  # 35 KB
BOUND = 64 * 1024  # bytes that are not decoded before reading pauses; the read that crosses it comes on top


def test_reading_pauses_when_bytes_come_faster_than_they_are_decoded():
    """A budget of nothing: two messages a turn of the loop, which does not turn while all of this comes."""
    app, read = Puppet(), []
    with closing(Client(app, budget=0)) as client:
        accept(app, client.ask())

        def flood():
            for _ in range(20):
                client.transport.receive(READ)
            read.append(20 - len(client.transport.incoming))

        client.call(flood)
        assert read[0] * len(READ) <= BOUND + len(READ)
        client.send(frame(BINARY, b"behind it"))
        for _ in range(20 * MANY):
            assert app.receive().result()["text"] == "x" * 500
        assert app.receive().result()["bytes"] == b"behind it"
