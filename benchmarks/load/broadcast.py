"""WebSocket broadcast: one client sends a message, all get it; the next one when all have got it.

`echo 2 | python -m benchmarks.load.broadcast --url URL --connections 1000 --size 64`: called as websocket.py is, and
prints what that does; a message is one that one client has got, and its delay counts from the sending. The content is
compared once, before all are said to stand.
"""

from time import monotonic

from benchmarks.load.client import arguments, call
from benchmarks.load.sockets import OPTIONS, PATIENCE, Load, obey


class Broadcast(Load):

    def look(self):
        next(iter(self.open.values())).ask()
        for connection in self.open.values():
            connection.answer()

    def run(self, seconds):
        delays = []
        begun = now = monotonic()
        while self.open and now - begun < seconds:
            self.broadcast(delays)
            now = monotonic()
        return self.figures(delays, now - begun)

    def broadcast(self, delays):
        """One message to all."""
        poll, receive, buffer, note = self.epoll.poll, self.receive, self.buffer, delays.append
        whole, first, partial = self.whole, self.start[0], self.partial
        waiting = set(self.open)
        asked = monotonic()
        sender = next(iter(self.open))
        try:
            self.send[sender](self.next_frame())
        except OSError:
            self.drop(sender)
            return
        while waiting:
            ready = poll(PATIENCE)
            if not ready:
                for number in waiting:
                    self.drop(number)
                break
            for number, _ in ready:
                try:
                    size = receive[number](buffer)
                    if (size != whole or buffer[0] != first or number in partial) and not self.read(number, size):
                        continue
                    note(monotonic() - asked)
                    waiting.remove(number)
                except OSError:
                    waiting.discard(number)
                    self.drop(number)


if __name__ == "__main__":
    call(lambda: obey(Broadcast, arguments(__doc__, **OPTIONS)))
