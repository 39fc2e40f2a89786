"""Origin: asyncio's own server, closed while worker_connections were reached: it had accepted several connections
in one go, and those whose transport was not made yet were lost with it; the listener came back without them."""

from tests.support.apps import Gate
from tests.support.asking import send
from tests.support.servers import read_response


def test_room_is_counted_anew_for_each_connection_that_ends(serve):
    """Crowds come and go: the server neither stays deaf nor accepts too many."""
    app = Gate()
    server = serve(app, worker_connections=2)
    for _ in range(3):
        with server.connect() as one, server.connect() as two, server.connect() as three:
            for connection in (one, two, three):
                send(connection, "/", "Connection: close")
            for _ in range(3):
                server.call(app.gate.release)
            assert {read_response(c).status for c in (one, two, three)} == {200}
        server.until(lambda: server.server.context.connections == 0)
    assert app.most <= 2
