"""The smallest complete ASGI application: every HTTP request is answered with a line of plain text.

gunicorn -k fastsrv.Worker --chdir examples hello:app
python examples/hello.py
"""

BODY = b"Hello from fastsrv\n"
HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(BODY))]


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})
    else:
        raise NotImplementedError(f"this example speaks http and lifespan, not {scope['type']}")


async def lifespan(receive, send):
    """Called once a worker. What the app needs is opened before the first send, closed before the second."""
    await receive()  # lifespan.startup
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    import fastsrv

    fastsrv.run("hello:app", reload=True)  # what the command above does, for who develops
