"""WebSocket echo: each connection sends a message, and the next one when it has come back.

`echo 2 | python -m benchmarks.load.websocket --url URL --connections 32 --size 64 --binary 0 --deflate 0`: a connection
stands when its first message has come back, whose content is compared; later ones are known by their length. Each line
on stdin is a number of seconds to run for.
Prints {"connections": how many stand}, and for each line {"messages": how many came back, "message_rate": of them a
second, "p50", "p99", "p999": seconds until they were back, "errors": connections that ended, answers that never came}.
"""

from time import monotonic

from benchmarks.load.client import arguments, call
from benchmarks.load.sockets import OPTIONS, PATIENCE, Load, obey


class Echo(Load):

    def look(self):
        for connection in self.open.values():
            connection.ask()
            connection.answer()

    def run(self, seconds):
        # Names are local, and nothing is looked at twice: a fast server takes hardly more for a message than this.
        poll, receive, send, buffer = self.epoll.poll, self.receive, self.send, self.buffer
        whole, first, partial, next_frame = self.whole, self.start[0], self.partial, self.next_frame
        delays = []
        note = delays.append
        asked = {}  # when, in seconds, by file descriptor
        begun = now = monotonic()
        end = begun + seconds
        for number in list(self.open):
            try:
                asked[number] = monotonic()
                send[number](next_frame())
            except OSError:
                del asked[number]
                self.drop(number)
        while asked:
            ready = poll(PATIENCE)
            if not ready:
                for number in asked:
                    self.drop(number)
                break
            for number, _ in ready:
                try:
                    size = receive[number](buffer)
                    if (size != whole or buffer[0] != first or number in partial) and not self.read(number, size):
                        continue
                    now = monotonic()
                    note(now - asked[number])
                    if now < end:
                        asked[number] = now
                        send[number](next_frame())
                    else:
                        del asked[number]
                except OSError:
                    asked.pop(number, None)
                    self.drop(number)
        return self.figures(delays, now - begun)


if __name__ == "__main__":
    call(lambda: obey(Echo, arguments(__doc__, **OPTIONS)))
