"""Apps that answer what a test says, and the bytes of an answer taken apart."""

import re
from dataclasses import dataclass


def answering(status=200, headers=(), *bodies):
    """An app that sends these body parts, each in an event of its own; without any, an empty body."""
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for part in bodies[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": bodies[-1] if bodies else b""})

    return app


@dataclass
class Answer:
    """One answer as the wire has it: nothing decoded, names as they were sent."""

    status_line: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes  # with its framing, and whatever comes behind it

    @property
    def status(self):
        return int(self.status_line.split(b" ")[1])

    def values(self, name):
        """The values of all fields of this name (in lower case)."""
        return [value for other, value in self.fields if other.lower() == name]


def take_apart(output):
    """The first answer in `output`; `body` is all that follows its head."""
    head, end, body = output.partition(b"\r\n\r\n")
    assert end, f"no complete head: {output!r}"
    status_line, *lines = head.split(b"\r\n")
    return Answer(status_line, [tuple(line.split(b": ", 1)) for line in lines], body)


def statuses(output):
    """The status codes of all answers in `output`, whose bodies may not resemble a status line."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", output)]
