"""Time in the histories of test_states.py: whether what has to come of a wait comes, neither too early nor too late, is
judged tick by tick. The rule `wait` is a step of a history.
"""

from itertools import islice
from math import ceil

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.stress.orders import Orders
from tests.support.wire import TICK

LIMITS = {"header": 10, "keepalive": 5, "body": 7, "send": 8, "drain": 3, "close": 2, "grace": 4}


class Deadlines(Orders):

    @rule(ticks=st.sampled_from([1, 1, 2, 6, 15, 45]))
    def wait(self, ticks):
        for _ in range(ticks):
            key = self.waits_for()
            if key != self.key:
                self.key, self.quiet = key, 0
            before, lagging = self.written, self.lagging
            left_behind = [run for run in self.runs if run.told and not run.ended]
            run = self.in_hand
            held = run if run is not None and run.status is not None and not run.begun else None
            if held is not None and self.requests[held.number].awaits_continue and not self.is_whole(held):
                held = None  # 100 Continue cannot follow a head
            self.wire.tick()
            self.read_close_notify()
            self.quiet += 1
            self.drained = self.drained + 1 if key is not None and key[0] == "drain" else 0
            cancelled = self.judge_grace(left_behind, lagging)
            self.read_answers()
            released = held is not None and self.answers_with(held)
            if released:
                self.begin(held, True)
                self.look_for_the_end(held, True)
            for run in cancelled:
                self.fail(run, self.expected[run.number])
            news = self.written > before and not released
            if cancelled:
                pass  # what has come is its failure's answer
            elif key is None:
                assert not news and (self.lost or released or not self.wire.ended)
            else:
                self.judge(key[0], news)
            self.model()

    def judge_grace(self, left_behind, lagging):
        """Who has to end, and does? Returns those that owed an answer."""
        ticks, cancelled = ceil(LIMITS["grace"] / TICK), []
        for run in left_behind:
            run.alone += 1
            over = run.alone > ticks
            now = self.seen_of(run, lagging)
            if over and run.complete:
                run.told = over = False
            elif over and not run.gone and not now == run.known != -1:
                over = False
                self.wait_for(run, now)  # it takes what it is sent
            elif over and (run.unaware or self.is_unaware(run)):
                over, run.presumed = False, True
                self.wait_for(run, now)
            elif over and run.full and not self.is_silent(run):
                run.told = over = False  # the client has got all of it
            assert run.ended == over, "cancelled too early, or too late"
            if over and not run.gone and not run.full:
                cancelled.append(run)
        return cancelled

    def answers_with(self, run):
        """Has its head left with the tick? Only a limit that has passed comes before it."""
        answer = next(islice(self.answers, run.number, None), None)
        if answer is None or answer.status != run.status:
            assert self.wire.closed or (answer is not None and answer.status == 408), "its head was held back"
            return False
        return True

    def judge(self, state, news):
        limit = LIMITS["drain"] + LIMITS["close"] if state == "end" else LIMITS[
            {"head": "header", "idle": "keepalive"}.get(state, state)]
        ticks = ceil(limit / TICK)
        # Who has read much before may pause for three limits of SEND more.
        latest = {"send": 4 * ticks + 5, "end": 2 * ticks + 3}.get(state, ticks + 2)
        acted = news or self.wire.closed or (self.wire.ended and state != "end")
        if not acted:
            assert self.quiet < latest, f"still waits in {state}"
            return
        enough = state == "drain" and self.drained > 5 * ticks  # bytes extend it no more
        assert self.quiet > ticks or enough or state == "end", f"did not wait in {state}"
        if state in ("send", "end"):
            self.lose()
        elif state == "head" and self.delivered > self.next_start:
            self.refuse(408)
        elif state == "body":
            run, self.in_hand = self.in_hand, None
            self.part(run)
            self.expected[run.number].cut = run.begun
            if not run.begun:
                self.refuse(408, self.expected[run.number])
        self.over = True
