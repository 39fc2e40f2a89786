"""The application that tests of the worker serve from a gunicorn process: what it does depends on the path."""

import asyncio
import json
import os
import threading
import time
from pathlib import Path

SOURCE = Path(__file__).read_text()
LOADED_IN = os.getpid()
LARGE = 30_000_000  # bytes: more than two kernels take


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    else:
        body = await PATHS[scope["path"]](receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})


async def lifespan(receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    say("the app shuts down")
    await send({"type": "lifespan.shutdown.complete"})


def say(what):
    """For the test to wait for, and to send a signal then, whose handler may print: sys.stdout refuses it meanwhile."""
    os.write(1, f"{what}\n".encode())


async def pid(receive):
    return str(os.getpid())


async def wait(receive):
    """Ends when the test has sent the whole body."""
    say("a request waits")
    while (await receive()).get("more_body"):
        pass
    return "waited"


async def forever(receive):
    say("a request goes on for ever")
    await asyncio.Event().wait()


async def stubborn(receive):
    say("a request cannot be cancelled")
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass


async def thread(receive):
    say("a thread goes on for ever")
    await asyncio.to_thread(time.sleep, 3600)


async def block(receive):
    """Blocks the loop, beside a thread that blocks nobody."""
    threading.Thread(target=time.sleep, args=[3600], name="helper", daemon=True).start()
    say("the loop is blocked")
    time.sleep(3600)


async def slow(receive):
    """Takes longer than a timeout of three seconds and the arbiter's look at it, once a second."""
    say("a request is slow")
    await asyncio.sleep(4.3)
    return "slow"


async def large(receive):
    return LARGE * "x"


async def die(receive):
    os._exit(7)


async def about(receive):
    return json.dumps({
        "pid": os.getpid(), "loaded_in": LOADED_IN, "environ": dict(os.environ),
        "loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
    })


PATHS = {
    "/": pid, "/wait": wait, "/forever": forever, "/stubborn": stubborn, "/thread": thread, "/block": block,
    "/slow": slow, "/large": large, "/die": die, "/about": about,
}
