"""What a client makes of the bytes it gets: h11 judges the framing of each answer."""

import h11


class Answer:
    """status is None until the head has come; `continues` counts the 1xx before it. fields: their names are in
    lower case; persists: may another answer follow?"""

    def __init__(self):
        self.status, self.fields, self.headers, self.body = None, [], {}, b""
        self.complete, self.persists, self.continues = False, False, 0


class Answers(list):
    """The answers on one connection, in order. method(index): that of the request which the answer belongs to.

    Feed it what comes, b"" at the end. Bytes that are no answer raise h11.RemoteProtocolError.
    """

    def __init__(self, method=lambda index: "GET"):
        self.method = method
        self.connection = None

    def feed(self, data):
        while data or self.connection is not None:
            if self.connection is None:
                self.connection = h11.Connection(h11.CLIENT)
                self.connection.send(h11.Request(method=self.method(len(self)), target="/", headers=[("Host", "a")]))
                self.connection.send(h11.EndOfMessage())
                self.append(Answer())
            ended = not data
            try:
                self.connection.receive_data(data)
                rest = self.take_events()
            except h11.RemoteProtocolError:
                if not ended:
                    raise
                rest = None  # the end came too early: the answer stays incomplete
            if rest is None:
                return self
            data = rest
        return self

    def take_events(self):
        """Fill the answer; the bytes behind it, None if it goes on."""
        answer = self[-1]
        while True:
            event = self.connection.next_event()
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.InformationalResponse):
                answer.continues += 1
            elif isinstance(event, h11.Response):
                answer.status = event.status_code
                answer.fields = list(event.headers)
                answer.headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
            elif isinstance(event, h11.Data):
                answer.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                answer.complete = True
                answer.persists = self.connection.our_state is self.connection.their_state is h11.DONE
                rest = bytes(self.connection.trailing_data[0])
                self.connection = None
                return rest
