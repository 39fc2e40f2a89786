"""Found by a hostile client: with thousands of connections that wait for a turn a receive() that had been told waited
in a receive() of its own, and that in another: deeper with each turn of the loop, until the process died."""


def test_receive_behind_the_end_takes_one_turn(wire):
    events = []

    async def app(scope, receive, send):
        for _ in range(1000):
            events.append((await receive())["type"])

    it = wire(app, budget=0)
    it.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").reset()
    assert events[-1] == "http.disconnect" and len(events) == 1000
