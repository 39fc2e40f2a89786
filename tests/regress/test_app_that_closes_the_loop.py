"""Found by a review: an app that closes the event loop when it is imported (`loop = asyncio.get_event_loop()`, some
work, `loop.close()`), or whatever else fails between the loading of the app and the first accepted connection: gunicorn
booted workers for ever, without a pause."""

from tests.worker.served import SOURCE


def test_gunicorn_ends_with_the_reason(gunicorn):
    server = gunicorn(SOURCE + "\nimport asyncio\nasyncio.get_event_loop().close()\n")
    assert server.wait() == 3
    server.wait_for("RuntimeError: Event loop is closed")
    assert server.output.count("Booting worker") == 1
