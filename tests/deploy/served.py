"""What is served with the settings of deploy/, an app that tells what it was told, and how it is asked."""

import http.client
import json

import httpx

from tests.support.deployed import taken
from tests.support.servers import PATIENCE
from tests.support.tls import client_context

CLIENT = "127.0.0.2"  # no proxy that is believed
CONFIG = taken("gunicorn.conf.py")
SOURCE = """
import json

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": json.dumps([scope["scheme"], scope["client"][0]])})
        await receive()
    else:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        told = json.dumps({"scheme": scope["scheme"], "client": scope["client"][0], **headers})
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]})
        await send({"type": "http.response.body", "body": told.encode()})
"""


def told_by(connection, path="/", **fields):
    connection.request("GET", path, headers=fields)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, body
    return json.loads(body)


def secure(port):
    return http.client.HTTPSConnection(
        "localhost", port, timeout=PATIENCE, context=client_context(), source_address=(CLIENT, 0))


def asking(port, **versions):
    """A client for some requests. All that it sends by HTTP/2 are Huffman codes: 5 bits for an "a"."""
    transport = httpx.HTTPTransport(verify=client_context(), local_address=CLIENT, **versions)
    return httpx.Client(transport=transport, base_url=f"https://localhost:{port}", timeout=PATIENCE)
