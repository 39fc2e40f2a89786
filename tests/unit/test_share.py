"""Has a worker clearly more connections than another? And what it does then: it leaves the next one to others, for a
moment, and takes it if nobody else has."""

import struct

import pytest

from fastsrv.board import Board, State
from fastsrv.place import Place
from fastsrv_ext.counters import SIZE, Counters
from fastsrv_ext.share import PEERS, Share
from tests.support.apps import hello
from tests.support.asking import ask

READY = 3


def peer(connected, state=READY):
    """Of a worker with so many connections: its state and its counters, as memory."""
    return bytearray(struct.pack("q", state)), bytearray(struct.pack("q", connected).ljust(SIZE, b"\0"))


def share(*peers):
    it = Share(READY)
    it.look_at(list(peers))
    return it


@pytest.mark.parametrize(("peers", "least"), [
    ([], None),
    ([peer(5)], 5),
    ([peer(5), peer(3), peer(4)], 3),
    ([peer(5), peer(3, State.DRAINING), peer(0, State.FREE), peer(1, State.RETIRING)], 5),
    ([peer(3, State.BOOTING)], None),
    ([peer(9)] * (PEERS - 1) + [peer(2)], 2),
])
def test_least_of_those_that_take_connections(peers, least):
    assert share(*peers).least() == least


def test_memory_is_read_when_it_is_asked():
    state, counters = peer(7)
    it = share((state, counters))
    struct.pack_into("q", counters, 0, 2)
    assert it.least() == 2
    struct.pack_into("q", state, 0, State.DRAINING)
    assert it.least() is None


@pytest.mark.parametrize(("state", "counters"), [(b"", bytes(SIZE)), (bytes(8), bytes(SIZE - 1))])
def test_too_little_memory_is_refused(state, counters):
    with pytest.raises(ValueError, match="bytes are needed"):
        share((state, counters))


@pytest.mark.parametrize(("least", "ahead"), [(0, 2), (1, 3), (7, 9), (8, 10), (16, 19), (80, 91)])
def test_one_more_is_no_reason_and_no_eighth_more(least, ahead):
    """ahead: the first number of connections that is clearly more than `least`."""
    it = share(peer(least))
    assert [it.is_exceeded(number) for number in (ahead - 1, ahead)] == [False, True]


def test_worker_that_is_alone_is_never_ahead():
    assert not share().is_exceeded(1_000_000)


def test_connection_that_is_clearly_one_too_many_is_told_of(wire):
    counters, told = Counters(), []
    for number in range(3):
        wire(hello, counters=counters, share=share(peer(0)), ahead=lambda number=number: told.append(number))
    assert told == [1, 2]


def test_places_tell_of_others_that_are_ready():
    board = Board()
    places = [Place(board, age) for age in range(1, PEERS + 5)]
    assert places[0].peers() == []
    for place in places:
        place.ready()
    assert len(places[0].peers()) == PEERS
    it = share(*places[0].peers())
    assert it.least() == 0
    for place in places[3:]:
        place.leave()
    assert len(places[0].peers()) == 2 and len(places[5].peers()) == 3


def test_connection_that_nobody_else_takes_is_served(serve):
    """The other worker has none, and takes none."""
    server = serve(hello, lifespan="off", keepalive=60)
    server.until(lambda: server.server.started)
    server.call(lambda: server.server.share.look_at([peer(0)]))
    connections = [server.connect() for _ in range(20)]
    for connection in connections:
        assert ask(connection).status == 200
    assert server.server.context.connections == 20
    for connection in connections:
        connection.close()


def test_next_connection_is_left_to_others_for_a_moment(serve):
    server = serve(hello, lifespan="off", keepalive=60)
    turns = []

    def look():
        turns.append(server.server.listeners.accepting)

    def fall_ahead():
        server.server.share.look_at([peer(0)])
        server.server.ahead()
        look()
        server.loop.call_later(0.5, look)

    with server.connect() as connection:
        assert ask(connection).status == 200
        server.call(fall_ahead)
        server.until(lambda: len(turns) == 2)
        assert turns == [False, True]
