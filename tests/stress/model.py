"""The model of test_states.py: what follows from what the client has said and the app was told to do, whom the
connection waits for, and what must hold after every step. It never looks into the connection.
"""

from itertools import zip_longest

from tests.stress.history import Expected

MOST_AT_WORK = 4  # apps of a connection behind answers that can take no more
CLOSE_NOTIFY = 24  # bytes of its record (RFC 8446, 6.1): what comes last


class Model:

    @property
    def lagging(self):
        return self.wire.transport.paused and not self.lost

    @property
    def next_start(self):
        """Where the next request begins."""
        return self.requests[self.turn].start if self.turn < len(self.requests) else len(self.said)

    def arrived(self, run):
        heard = min(self.delivered, run.heard)
        return sum(offset <= heard for offset in self.requests[run.number].arrivals)

    def part(self, run):
        """The app has lost its client."""
        if not run.gone and not run.complete and not run.full:
            run.gone, run.heard = True, self.delivered
            self.tell(run)

    def tell(self, run):
        """Its client has gone, has ended its side, or has all that it can get."""
        if not run.told and not run.complete and not run.ended:
            run.told = True
            self.wait_for(run, self.seen_of(run, self.lagging))

    def wait_for(self, run, known):
        """For a grace period."""
        run.alone, run.known, run.unaware = 0, known, self.is_unaware(run)

    def takes_no_more(self, run):
        """Is all of its answer on the wire that can be?"""
        return run.begun and (self.is_silent(run) or len(self.expected[run.number].body) == run.declared)

    def fill(self, run):
        """The next request is served, though the app goes on, unless it still has a body to take."""
        taken = run.consumed == self.arrived(run)
        if run.receiver is not None and run.receiver.done() and not run.receiver.cancelled():
            taken = run.receiver.result().get("more_body") is False
        if run is self.in_hand and self.takes_no_more(run) and self.is_whole(run) and taken:
            run.full, run.heard = True, self.delivered
            self.complete(run)
            self.tell(run)

    def is_blocked(self):
        """Are so many apps at work behind such answers that the next request waits for them?"""
        return sum(run.full and not run.complete and not run.ended for run in self.runs) >= MOST_AT_WORK

    def is_over(self, run):
        """Does receive() say http.disconnect, behind what has come?"""
        return run.complete or run.gone or run.presumed or ((self.eof or run.full) and not self.is_whole(run))

    def is_whole(self, run):
        """Has its request come?"""
        request = self.requests[run.number]
        return min(self.delivered, run.heard) >= request.end and not request.refused

    def is_unaware(self, run):
        return (self.eof or run.full) and not self.is_over(run)

    def is_silent(self, run):
        """Has its answer no body?"""
        return run.status in (204, 304) or self.requests[run.number].method == "HEAD"

    def seen_of(self, run, lagging):
        """What the client has taken of the answer, as far as the server can know."""
        return -1 if lagging and not run.full else run.begun + len(self.expected[run.number].body)

    def method_of(self, index):
        """Of the request that the answer of this number is for: to HEAD it has no body. A request that is not owed an
        answer yet is refused, if it gets one, and its method is known once all of it has come."""
        if index < len(self.expected):
            return self.expected[index].method
        if self.turn < len(self.requests):
            request = self.requests[self.turn]
            if self.delivered > request.start + len(request.method):
                return request.method
        return "GET"

    def refuse(self, status, answer=None):
        if answer is None:
            answer = Expected(self.method_of(len(self.expected)))
            self.expected.append(answer)
        answer.status, answer.complete, answer.any_body = status, True, True
        self.over = True

    def is_known_to_end(self):
        """Has the client said that it was its last request, and sent nothing more?"""
        return self.last is not None and self.delivered == self.last.end

    def lose(self):
        self.lost = self.over = True
        self.in_hand = None
        for run in self.runs:
            self.part(run)

    def model(self):
        """What has to follow from what has come."""
        while not self.over and not self.lost:
            run = self.in_hand
            if run is not None:
                request = self.requests[run.number]
                if request.refused and self.delivered >= request.end:
                    self.part(run)
                    self.over = True
                    self.in_hand = None
                    if not run.begun:
                        self.refuse(request.refused, self.expected[run.number])
                return
            if self.lagging and len(self.answers) <= len(self.expected):
                return
            if self.draining is not None:
                if self.delivered < self.draining.end:
                    self.over = self.eof
                    return
                self.draining = None
            request = self.requests[self.turn] if self.turn < len(self.requests) else None
            if request is not None and request.refused and self.delivered >= request.end:
                self.turn += 1
                self.refuse(request.refused)
            elif request is not None and request.head_end is not None and self.delivered >= request.head_end:
                if self.is_blocked():
                    return
                self.turn += 1
                assert len(self.runs) >= self.turn, "a request was not acted upon"
                self.in_hand = self.runs[request.number]
                self.expected.append(Expected(request.method))
                if self.eof:
                    self.tell(self.in_hand)
            else:
                self.over = self.eof
                return

    def waits_for(self):
        """(state, since which event), None for the app."""
        if self.lost:
            return None
        if self.lagging:
            return ("send", self.taken)
        if self.over:
            return ("end", self.delivered)
        if self.in_hand is not None:
            run = self.in_hand
            if run.receiver is not None and not self.eof and self.delivered < self.requests[run.number].end:
                return ("body", run.number, self.arrived(run), run.receives)
            return None
        if self.draining is not None:
            return ("drain", self.draining.number, self.delivered)
        request = self.requests[self.turn] if self.turn < len(self.requests) else None
        if self.is_blocked() and request is not None and request.head_end is not None and (
                self.delivered >= request.head_end):
            return None
        if self.delivered == 0 or self.delivered > self.next_start:
            return ("head", self.turn)
        return ("idle", self.turn)

    # --- what must hold after every step ---

    def check(self):
        if len(self.wire.transport.buffer) == 1:  # not worth a pause: no lag yet
            self.taken += 1
            self.wire.read(1)
        self.read_close_notify()
        self.read_answers()
        if self.in_hand is not None:
            self.fill(self.in_hand)  # the app may have taken the last of a body
        self.model()
        if self.wire.closed and not self.lost:
            assert self.over and not self.lagging
            assert not (self.is_known_to_end() and self.wire.transport.aborted)
            self.lose()
        assert [run.number for run in self.runs] == list(range(len(self.runs)))
        assert len(self.runs) <= self.turn
        self.check_answers()
        for run in self.runs:
            self.check_run(run)
        waiting = self.wire.clock.census()
        assert waiting.pop("GRACE") == sum(run.told and not run.ended for run in self.runs)
        if self.over and not self.lagging:
            assert self.wire.closed or (self.wire.ended and not self.eof)
            assert self.wire.closed or not self.is_known_to_end()
        if self.lost:
            assert self.wire.closed and not any(waiting.values())
        elif not self.over:
            assert not self.wire.ended

    def read_close_notify(self):
        """The client always has room for it: it is no answer that it could lag behind."""
        transport = self.wire.transport
        ends = self.tunnel is not None and (transport.eof_written or transport.closing)
        if ends and 0 < len(transport.buffer) <= CLOSE_NOTIFY:
            self.wire.read(CLOSE_NOTIFY)

    def read_answers(self):
        """Those that the server has written, whether the client has read them or not."""
        everything = self.wire.output + self.wire.transport.buffer
        if len(everything) > self.written:
            news, self.written = everything[self.written:], len(everything)
            if self.tunnel is not None:
                news = self.tunnel.decrypt(news)
            if news:
                self.answers.feed(news)
        if self.wire.ended and not self.wire.transport.buffer and not self.fed_end:
            self.fed_end = True
            self.answers.feed(b"")

    def check_answers(self):
        for expected, answer in zip_longest(self.expected, self.answers):
            assert expected is not None, "an answer to nothing"
            if answer is None:
                assert expected.status is None and not expected.continues
                continue
            assert (answer.status, answer.continues) == (expected.status, expected.continues)
            assert expected.any_body or answer.body == expected.body
            assert answer.complete == (
                self.fed_end and not expected.cut if expected.until_close else expected.complete)

    def check_run(self, run):
        if run.busy:
            assert self.lagging, "send() waits for a peer that does not lag"
        if run.receiver is None:
            return
        request = self.requests[run.number]
        arrived = self.arrived(run)
        whole = self.is_whole(run)
        news = arrived > run.consumed or (whole and not run.handed_over)
        assert run.receiver.done() == (news or self.is_over(run))
        if not run.receiver.done():
            return
        event, run.receiver = run.receiver.result(), None
        if event["type"] == "http.disconnect":
            assert run.complete or (not news and self.is_over(run))
        else:
            assert not run.complete
            assert event == {"type": "http.request", "body": request.body[run.consumed:arrived],
                             "more_body": not whole}
            run.consumed, run.handed_over = arrived, whole
