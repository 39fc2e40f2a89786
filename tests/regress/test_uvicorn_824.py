"""https://github.com/encode/uvicorn/issues/824

A connection was closed while its answer was under way: the keep-alive deadline of the answer before had been left
behind. Here every connection is used again around the keep-alive limit, and each answer outlasts what was left of it.

To see it fail, leave a deadline behind: put into Timed.enter (clock.pyx), before `self.unlink()`,

        if state == RESPOND:
            self.state = state
            return 0
"""

import asyncio
import random
import resource
import time

CONNECTIONS = 500  # at once
ROUNDS = 2  # of three requests on each; 20 in the long form
KEEPALIVE = 0.5  # seconds
WORK = 0.5  # seconds that the app takes for an answer
MARGIN = 0.05  # seconds by which a timer may be early

REQUEST = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"


def test_no_connection_closes_while_an_answer_is_owed(serve, request):
    begun = []

    async def app(scope, receive, send):
        begun.append(scope)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"a chunk", "more_body": True})
        await asyncio.sleep(WORK)
        await send({"type": "http.response.body", "body": b"its end"})

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * CONNECTIONS)), hard))
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    server = serve(app, keepalive=KEEPALIVE, lifespan="off")
    rounds = 20 if request.config.getoption("--long") else ROUNDS
    answered = asyncio.run(every_client(server.port, rounds, chance))
    server.stop()
    assert answered == len(begun), "an answer was begun and not ended"
    assert answered > CONNECTIONS * rounds * 2


async def every_client(port, rounds, chance):
    """The number of answers to all of them."""
    return sum(await asyncio.gather(*(client(port, rounds, chance) for _ in range(CONNECTIONS))))


async def client(port, rounds, chance):
    """Three requests on a connection, the second and the third around the keep-alive limit."""
    answered = 0
    for _ in range(rounds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        idle_since = time.monotonic()
        for pause in (0, chance.uniform(0, KEEPALIVE * 0.9), chance.gauss(KEEPALIVE, KEEPALIVE / 4)):
            await asyncio.sleep(pause)
            writer.write(REQUEST)
            sent = time.monotonic()
            answer = await read_answer(reader)
            if not answer:
                assert pause and sent > idle_since + KEEPALIVE - MARGIN, "the connection ended before its time"
                break  # our request and its end met on the way
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answer.endswith(b"7\r\na chunk\r\n7\r\nits end\r\n0\r\n\r\n")
            answered += 1
            idle_since = sent + WORK  # at the earliest
        writer.close()
        await writer.wait_closed()
    return answered


async def read_answer(reader):
    """All of it, or what has come of it before the end."""
    try:
        return await reader.readuntil(b"0\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
