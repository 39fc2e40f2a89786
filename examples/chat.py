"""A chat over WebSocket, with its page (chat.html): plain ASGI and the standard library.

gunicorn -k fastsrv.Worker --chdir examples chat:app

Then open http://127.0.0.1:8000 in two windows. One worker, gunicorn's default, is one room: workers are processes that
share nothing, so those who come to another one would not hear each other. A chat for many workers needs something that
carries messages between them, as Redis does.

A proxy in front has to pass on the Host that the browser sent (nginx: proxy_set_header Host $http_host) and, if it
speaks https, to say so (proxy_set_header X-Forwarded-Proto $scheme): the page is known by them, see is_ours().

The subprotocol is "chat". A client sends text: first its name, then what it says. It gets JSON: {"you", "here"} at
first, then {"joined"}, {"left"} and {"from", "text"}.
"""

import asyncio
import contextlib
import json
import unicodedata
from pathlib import Path

PAGE = Path(__file__).with_name("chat.html").read_bytes()
LONGEST_NAME, LONGEST_TEXT = 24, 2000  # characters; the page's fields take no more
GUESTS = 100  # at a time, those who have not said their name yet among them
NAMING = 10  # seconds to say it in; the page does at once
BACKLOG = 256 * 1024  # bytes of JSON that a guest may lag behind: 26 MB for a full room of those who read nothing
PAUSE = 0.1  # seconds between two messages of one guest
UNSUPPORTED, POLICY, LATER = 1003, 1008, 1013  # close codes (RFC 6455, 7.4.1, and IANA's list)
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # bidirectional classes (Unicode, UAX #9)
BLANKS = "\u115f\u1160\u2800\u3164\uffa0\U00013441\U00013442\U0001d159"  # letters and symbols that show nothing

room = {}  # the guests by name
seats = asyncio.Semaphore(GUESTS)


async def app(scope, receive, send):
    if scope["type"] == "http":
        if scope["path"] == "/":
            await answer(send, 200, b"text/html", PAGE)
        else:
            await answer(send, 404, b"text/plain", b"Not here\n")
    elif scope["type"] == "websocket":
        await greet(scope, receive, send)
    else:
        raise NotImplementedError(f"this example speaks http and websocket, not {scope['type']}")


async def answer(send, status, kind, body, protocol="http"):
    """`protocol` may be websocket.http: the answer to a handshake that is denied."""
    headers = [(b"content-type", kind + b"; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": f"{protocol}.response.start", "status": status, "headers": headers})
    await send({"type": f"{protocol}.response.body", "body": body})


async def greet(scope, receive, send):
    """Accept or deny. Denied in either way, a browser's WebSocket says only that it has failed: close code 1006."""
    await receive()  # websocket.connect
    if scope["path"] != "/chat" or "chat" not in scope["subprotocols"]:
        await send({"type": "websocket.close"})  # before the accept: the answer is 403
    elif not is_ours(scope):
        await answer(send, 403, b"text/plain", b"This chat is for its own page\n", "websocket.http")
    else:
        with contextlib.suppress(OSError):  # the client has gone: there is nobody to tell
            await send({"type": "websocket.accept", "subprotocol": "chat"})
            try:
                if seats.locked():  # told behind the accept, for the page to show it
                    raise Refusal(LATER, "The room is full")
                async with seats:
                    await talk(receive, send)
            except Refusal as refusal:
                await send({"type": "websocket.close", "code": refusal.code, "reason": refusal.reason})


def is_ours(scope):
    """Whether it is our page that connects, and not one that a visitor has open beside it: browsers let any page open a
    WebSocket to anywhere, and say which by Origin. What is no browser says none. The scheme counts: anybody on the way
    may have written a page that came by http."""
    headers = dict(scope["headers"])
    scheme = {"ws": b"http", "wss": b"https"}[scope["scheme"]]
    return headers.get(b"origin") in (None, scheme + b"://" + headers.get(b"host", b""))


async def talk(receive, send):
    try:
        name = unused(await asyncio.wait_for(hear(receive, LONGEST_NAME), NAMING))
    except asyncio.TimeoutError:
        raise Refusal(LATER, "You did not say your name") from None
    tell(joined=name)
    guest = room[name] = Guest()
    guest.post(json.dumps({"you": name, "here": list(room)}))
    delivery = asyncio.create_task(guest.deliver(send))
    try:
        while True:
            tell(**{"from": name, "text": await hear(receive, LONGEST_TEXT)})
            await asyncio.sleep(PAUSE)  # who says more waits: what an app does not take, the server does not read
    finally:
        delivery.cancel()
        del room[name]
        tell(left=name)


async def hear(receive, longest):
    """What the client says next. Raises Refusal, or OSError when it has gone, as send() does."""
    event = await receive()
    if event["type"] == "websocket.disconnect":
        raise ConnectionError(event["code"], event["reason"])
    text = event.get("text")
    if text is None:
        raise Refusal(UNSUPPORTED, "Only text is understood")
    text = text.strip()
    if not 0 < len(text) <= longest:
        raise Refusal(POLICY, f"1 to {longest} characters, please")
    return text


def unused(name):
    """The name, with a number behind it if somebody has it."""
    name = " ".join(name.split())
    if not is_fit(name):
        raise Refusal(POLICY, "A name that can be seen, please")
    other, number = name, 1
    while other in room:
        number += 1
        other = f"{name} {number}"
    return other


def is_fit(name):
    """Whether it shows, and leaves what stands beside it as it is. Other characters that show nothing by themselves may
    be in it: they join an emoji of several, or the letters of Persian. Names may look alike, as they may anyway in
    letters of two scripts."""
    shows = any(unicodedata.category(each)[0] in "LNPS" and each not in BLANKS for each in name)
    return shows and not any(
        unicodedata.category(each) == "Cc" or unicodedata.bidirectional(each) in TURNING for each in name)


def tell(**message):
    """Everybody. It waits for nobody: each guest has a queue, and a task that sends what is in it."""
    text = json.dumps(message)
    for guest in room.values():
        guest.post(text)


class Guest:
    """What is to be sent to one client, up to a bound: who reads too slowly is let go, and may come back."""

    def __init__(self):
        self.outbox = asyncio.Queue()
        self.backlog = 0  # bytes that are not sent yet
        self.lags = False

    def post(self, text):
        """`text` is JSON as json.dumps() writes it: ASCII, whose length is its bytes."""
        if self.backlog < BACKLOG:
            self.backlog += len(text)
            self.outbox.put_nowait(text)
        else:
            self.lags = True

    async def deliver(self, send):
        """Until it lags too far behind, or has gone. receive() says so, too, which ends the rest."""
        with contextlib.suppress(OSError):
            while not self.lags:
                text = await self.outbox.get()
                await send({"type": "websocket.send", "text": text})
                self.backlog -= len(text)
            await send({"type": "websocket.close", "code": LATER, "reason": "You read too slowly"})


class Refusal(Exception):
    """A client has said what it may not. Carries the answer."""

    def __init__(self, code, reason):
        super().__init__(code, reason)
        self.code, self.reason = code, reason
