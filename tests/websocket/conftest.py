"""The fixture `connect`: a WebSocket in memory."""

import pytest

from tests.websocket.client import Client


@pytest.fixture
def connect():
    """connect(app, *fields, **settings) -> Client, whose request for a WebSocket has been sent."""
    clients = []

    def start(app, *fields, ask=True, **settings):
        client = Client(app, **settings)
        clients.append(client)
        return client.ask(*fields) if ask else client

    yield start
    for client in clients:
        client.close()
