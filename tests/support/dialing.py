"""WebSockets to a real server, by the client of websockets."""

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.servers import PATIENCE


def dial(server, path="/"):
    """To a ThreadServer or Gunicorn."""
    return connect(f"ws://127.0.0.1:{server.port}{path}", open_timeout=PATIENCE)


def code_of(client):
    """Of the server's Close, which is what comes next."""
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(PATIENCE)
    return closed.value.rcvd.code
