"""The clock by itself: when a wait expires, in which order, and what a stall of the loop does to it.

The ones that wait are Waiters (tests/support/waiter.pyx), since to enter a state takes compiled code.
"""

from math import ceil, inf

import pytest

from fastsrv_ext.budget import Budget
from fastsrv_ext.clock import TICK, Clock, ticks
from tests.support.compiled import compiled

LIMITS = {
    "HEAD": 10.0, "IDLE": 5.0, "BODY": 0.25, "SEND": 0.1, "DRAIN": 1.1, "CLOSE": 0.26, "OPEN": 20.0, "PONG": 20.0,
    "CLOSING": 10.0, "GRACE": 3.0,
}


@pytest.fixture(scope="module")
def waiter_class():
    return compiled("waiter").Waiter


class Stage:
    """A clock, and what has expired on it, in order."""

    def __init__(self, waiter_class, **limits):
        self.clock = Clock(**{**LIMITS, **limits})
        self.waiter_class = waiter_class
        self.expired = []

    def waiter(self, state, then="CLOSED"):
        """A Waiter in `state` that goes on to `then` when it expires."""
        def on_expiry(waiter):
            self.expired.append(waiter)
            if then is not None:
                waiter.wait(then)

        waiter = self.waiter_class(self.clock, on_expiry)
        waiter.wait(state)
        return waiter

    def tick(self, count=1):
        for _ in range(count):
            self.clock.advance()
            self.clock.judge()


@pytest.fixture
def stage(waiter_class):
    def make(**limits):
        return Stage(waiter_class, **limits)

    return make


@pytest.mark.parametrize("state", LIMITS)
def test_limit_is_met_never_early_and_at_most_two_ticks_late(stage, state):
    """A wait may begin at any moment of a tick: n ticks after it lie between n - 1 and n ticks of time."""
    it = stage()
    it.waiter(state)
    ticked = 0
    while not it.expired:
        it.tick()
        ticked += 1
    earliest, latest = (ticked - 1) * TICK, ticked * TICK
    assert earliest >= LIMITS[state]
    assert latest <= LIMITS[state] + 2 * TICK


def test_wait_that_began_between_two_ticks_expires_like_others(stage):
    it = stage(DRAIN=1)
    it.tick(7)
    it.waiter("DRAIN")
    it.tick(4)
    assert not it.expired
    it.tick()
    assert len(it.expired) == 1


@pytest.mark.parametrize("state", ["RESPOND", "CLOSED"])
def test_state_that_waits_for_nobody_outside_never_expires(stage, state):
    it = stage(HEAD=0.1)
    it.waiter(state)
    it.tick(1000)
    assert not it.expired


def test_waits_of_a_state_expire_in_the_order_they_began(stage):
    it = stage(DRAIN=1)
    first = it.waiter("DRAIN")
    second = it.waiter("DRAIN")
    it.tick()
    third = it.waiter("DRAIN")
    it.tick(4)
    assert it.expired == [first, second]
    it.tick()
    assert it.expired == [first, second, third]


def test_entering_a_state_again_goes_to_the_end_of_its_queue(stage):
    it = stage(DRAIN=1)
    first = it.waiter("DRAIN")
    second = it.waiter("DRAIN")
    it.tick()
    first.wait("DRAIN")
    it.tick(4)
    assert it.expired == [second]
    it.tick()
    assert it.expired == [second, first]


def test_deadline_goes_with_the_state_it_was_set_for(stage):
    """The rule that uvicorn #824 broke: what was waited for before cannot expire any more."""
    it = stage(IDLE=1)
    waiter = it.waiter("IDLE")
    it.tick(4)
    waiter.wait("RESPOND")
    it.tick(100)
    assert not it.expired
    waiter.wait("IDLE")
    it.tick(4)
    assert not it.expired
    it.tick()
    assert it.expired == [waiter]


def test_one_that_leaves_from_the_middle_disturbs_no_other(stage):
    it = stage(IDLE=1)
    waiters = [it.waiter("IDLE") for _ in range(5)]
    for leaving in (2, 0, 4):
        waiters[leaving].wait("RESPOND")
    assert it.clock.waiting("IDLE") == [waiters[1], waiters[3]]
    it.tick(5)
    assert it.expired == [waiters[1], waiters[3]]


def test_expiry_may_lead_to_another_wait(stage):
    it = stage(DRAIN=1, CLOSE=1)
    waiter = it.waiter("DRAIN", then="CLOSE")
    it.tick(5)
    assert it.expired == [waiter]
    assert it.clock.waiting("CLOSE") == [waiter]
    it.tick(5)
    assert it.expired == [waiter, waiter]


def test_expiry_may_begin_the_same_wait_anew(stage):
    """What a peer that reads fast enough gets: another send_timeout."""
    it = stage(SEND=1)
    it.waiter("SEND", then="SEND")
    it.tick(5)
    assert len(it.expired) == 1
    it.tick(4)
    assert len(it.expired) == 1
    it.tick()
    assert len(it.expired) == 2


def test_expiry_of_one_may_end_another(stage):
    it = stage(DRAIN=1)
    others = []

    def close_others(waiter):
        it.expired.append(waiter)
        for each in (waiter, *others):
            each.wait("CLOSED")

    first = it.waiter_class(it.clock, close_others)
    first.wait("DRAIN")
    others += [it.waiter("DRAIN"), it.waiter("DRAIN")]
    it.tick(5)
    assert it.expired == [first]
    assert it.clock.waiting("DRAIN") == []


def test_expired_that_stays_is_an_error(stage):
    """It would be expired again with every tick, or hold up everybody behind it."""
    it = stage(DRAIN=1)
    it.waiter("DRAIN", then=None)
    it.tick(4)
    with pytest.raises(RuntimeError, match="stayed in DRAIN"):
        it.tick()


def test_error_in_expired_comes_out_of_judge(stage):
    it = stage(DRAIN=1)

    def fail(waiter):
        raise ZeroDivisionError

    it.waiter_class(it.clock, fail).wait("DRAIN")
    it.tick(4)
    with pytest.raises(ZeroDivisionError):
        it.tick()


def test_stall_moves_the_clock_by_one_tick(stage):
    """Only the clock's own ticks count: a loop that an app blocks for a minute ticks once in it."""
    it = stage(IDLE=1)
    it.waiter("IDLE")
    before = it.clock.now
    it.clock.advance()
    assert it.clock.now == before + 1
    it.clock.judge()
    assert not it.expired


def test_nothing_expires_before_it_is_judged(stage):
    """Between advance() and judge() the loop polls: who spoke meanwhile is not closed."""
    it = stage(IDLE=1)
    spoke, silent = it.waiter("IDLE"), it.waiter("IDLE")
    it.tick(4)
    it.clock.advance()
    assert not it.expired
    spoke.wait("RESPOND")
    it.clock.judge()
    assert it.expired == [silent]


def test_wait_that_is_taken_up_again_has_its_place_among_the_others(stage):
    it = stage(BODY=10)
    first = it.waiter("BODY")
    it.tick(4)
    second, third = it.waiter("BODY"), it.waiter("BODY")
    third.wait("BODY", 8)
    fourth = it.waiter("BODY")
    fourth.wait("BODY", 1)
    fifth = it.waiter("BODY")
    fifth.wait("BODY", 1000)
    assert it.clock.waiting("BODY") == [first, second, third, fourth, fifth]
    assert it.clock.census()["BODY"] == len(it.clock.connections()) == 5
    it.tick()
    assert it.expired == [fifth]
    it.tick(40)
    assert it.expired == [fifth, third, first, fourth, second]


def test_wait_that_is_taken_up_again_lasts_for_the_rest(stage):
    it = stage(BODY=10)
    waiter = it.waiter("BODY")
    waiter.wait("BODY", 30)
    it.tick(10)
    assert not it.expired
    it.tick(1)
    assert it.expired == [waiter]


def test_judging_goes_on_in_another_turn_when_the_budget_is_spent(stage):
    it = stage(DRAIN=1, CLOSE=1)
    waiters = [it.waiter("DRAIN"), it.waiter("DRAIN"), it.waiter("CLOSE")]
    for _ in range(5):
        it.clock.advance()
    for number in range(1, 4):
        assert it.clock.judge(Budget(0))
        assert it.expired == waiters[:number]
    assert not it.clock.judge(Budget(0))
    assert not it.clock.judge(Budget(inf))
    assert it.expired == waiters


def test_judging_without_a_budget_leaves_nothing(stage):
    it = stage(DRAIN=1)
    waiters = [it.waiter("DRAIN") for _ in range(1000)]
    for _ in range(5):
        it.clock.advance()
    assert not it.clock.judge()
    assert it.expired == waiters


def test_state_that_is_capped_ends_sooner_for_who_is_in_it_and_for_later_ones(stage):
    it = stage(IDLE=5)
    old = it.waiter("IDLE")
    it.tick(ceil(4.5 / TICK))
    recent = it.waiter("IDLE")
    it.clock.cap("IDLE", 1)
    it.tick(2)
    later = it.waiter("IDLE")
    assert not it.expired
    it.tick(1)
    assert it.expired == [old]  # its own deadline was the earlier one
    it.tick(2)
    assert it.expired == [old, recent]
    it.tick(2)
    assert it.expired == [old, recent, later]


def test_state_is_not_lengthened(stage):
    it = stage(IDLE=1)
    it.clock.cap("IDLE", 5)
    it.waiter("IDLE")
    it.tick(ticks(1))
    assert len(it.expired) == 1


def test_state_capped_to_nothing_ends_with_the_next_tick(stage):
    it = stage(IDLE=5)
    it.waiter("IDLE")
    it.clock.cap("IDLE", 0)
    it.tick()
    it.waiter("IDLE")
    it.tick()
    assert len(it.expired) == 2


def test_waiting_lists_the_waits_of_a_state_in_order(stage):
    it = stage()
    heads = [it.waiter("HEAD") for _ in range(3)]
    idle = it.waiter("IDLE")
    assert it.clock.waiting("HEAD") == heads
    assert it.clock.waiting("IDLE") == [idle]
    assert it.clock.waiting("BODY") == []
    with pytest.raises(ValueError):
        it.clock.waiting("no such state")


def test_connections_are_all_but_the_apps_and_what_stands_beside_them(stage):
    it = stage()
    kept = [it.waiter(state) for state in ("HEAD", "IDLE", "RESPOND", "BODY", "SEND", "DRAIN", "CLOSE")]
    it.waiter("GRACE")
    it.waiter("WATCH")
    assert it.clock.connections() == kept


def test_census_counts_every_state_but_closed(stage):
    it = stage()
    waiters = [it.waiter("HEAD"), it.waiter("HEAD"), it.waiter("RESPOND"), it.waiter("CLOSED")]
    assert it.clock.census() == {
        "HEAD": 2, "IDLE": 0, "RESPOND": 1, "BODY": 0, "SEND": 0, "DRAIN": 0, "CLOSE": 0, "OPEN": 0, "PONG": 0,
        "CLOSING": 0, "GRACE": 0, "WATCH": 0, "HOLD": 0}
    for waiter in waiters:
        waiter.wait("CLOSED")
    assert set(it.clock.census().values()) == {0}


@pytest.mark.parametrize("seconds", [0.01, 0.25, 0.26, 1, 30, 3600])
def test_ticks_cover_the_seconds_and_the_tick_under_way(seconds):
    assert ticks(seconds) == ceil(seconds / TICK) + 1


@pytest.mark.parametrize("state", LIMITS)
@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_limit_that_is_not_greater_than_zero_is_refused(state, seconds):
    with pytest.raises(ValueError, match="greater than 0"):
        Clock(**{**LIMITS, state: seconds})


@pytest.mark.parametrize("state", LIMITS)
def test_state_whose_limit_is_missing_is_told_of(state):
    with pytest.raises(TypeError, match=f"missing or not to be given: {state}$"):
        Clock(**{other: LIMITS[other] for other in LIMITS if other != state})


@pytest.mark.parametrize("state", ["HAED", "head", "CLOSED", "RESPOND", "WATCH", "HOLD"])
def test_limit_of_a_state_that_is_none_or_has_none_to_be_set_is_told_of(state):
    with pytest.raises(TypeError, match=f"missing or not to be given: {state}$"):
        Clock(**LIMITS, **{state: 1})
