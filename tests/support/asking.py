"""A client for tests with real sockets: a request and its response."""

from tests.support.servers import read_response


def ask(connection, path="/", *fields, method="GET"):
    """The response to a request on an open connection."""
    send(connection, path, *fields, method=method)
    return read_response(connection, head_only=method == "HEAD")


def send(connection, path="/", *fields, method="GET"):
    """A request without a body; fields: "Name: value"."""
    lines = (f"{method} {path} HTTP/1.1", "Host: example.org", *fields, "", "")
    connection.sendall("\r\n".join(lines).encode("latin-1"))


def fetch(server, path="/", *fields, method="GET"):
    """The response to a request on a connection of its own, to a ThreadServer or Gunicorn."""
    with server.connect() as connection:
        return ask(connection, path, "Connection: close", *fields, method=method)
