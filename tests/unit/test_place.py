"""When a worker that is to end may leave, as a table of what the others are at."""

import os
import re
import time

import pytest

from fastsrv.board import SLOTS, Board, State
from fastsrv.place import SECOND, Place, Successor, Verdict

LONG, NOW = 300, 0  # seconds of retire_timeout


def crew(text):
    """Places on one board: "1 told, 2 ready, 3 booting" by their ages. "dead": the arbiter has not looked since."""
    board, places = Board(), {}
    for each in text.split(", "):
        age, *words = each.split(" ")
        place = places[int(age)] = Place(board, int(age))
        for word in words:
            if word == "booting":
                place.begin(1)
            elif word in ("failed", "gone", "dead"):
                if word != "failed":
                    place.ready()
                place.give_back()
                board.lacking = int(word == "dead")
            else:
                place.ready()
                {"ready": int, "told": place.tell, "full": place.fill, "drains": place.leave}[word]()
    return board, places


TOLD = {
    # the first is the one that asks
    "1 told": Verdict.LEAVE,
    "1 told, 2 ready": Verdict.LEAVE,
    "1 told, 2 booting": Verdict.STAY,
    "1 told, 2 told, 3 booting, 4 booting": Verdict.STAY,
    "1 told, 2 told, 3 ready, 4 booting": Verdict.LEAVE,
    "2 told, 1 told, 3 ready, 4 booting": Verdict.STAY,
    "2 told, 1 told drains, 3 ready, 4 ready, 5 booting": Verdict.LEAVE,
    "2 told, 1 told, 3 ready, 4 ready": Verdict.LEAVE,
    "2 told, 1 booting": Verdict.LEAVE,
    "1 told, 2 booting told": Verdict.LEAVE,
    "1 told, 2 failed": Verdict.RESUME,
    "1 told, 2 failed, 3 failed": Verdict.RESUME,
    "1 told, 2 failed, 3 booting": Verdict.STAY,
    "1 told, 2 failed, 3 ready": Verdict.LEAVE,
    "2 told, 1 failed": Verdict.LEAVE,
    "1 told, 2 gone": Verdict.LEAVE,
    "1 told full, 2 booting": Verdict.STAY,
    "1 told, 2 full, 3 booting": Verdict.LEAVE,
}
FULL = {
    "1 full": Verdict.LEAVE,
    "1 full, 2 ready": Verdict.LEAVE,
    "1 full, 2 full": Verdict.LEAVE,
    "2 full, 1 full": Verdict.STAY,
    "1 full, 2 drains": Verdict.STAY,
    "1 full, 2 booting": Verdict.STAY,
    "1 full, 2 ready, 3 drains": Verdict.STAY,
    "1 full, 2 ready, 3 booting": Verdict.STAY,
    "1 full, 2 gone": Verdict.LEAVE,
    "1 full, 2 dead": Verdict.STAY,
}


@pytest.mark.parametrize("text", [*TOLD, *FULL])
def test_verdict(text):
    board, places = crew(text)
    first = next(iter(places.values()))
    assert first.is_retiring() and first.judge(LONG, 0) is {**TOLD, **FULL}[text]
    board.stopping = time.monotonic_ns()
    assert first.judge(LONG, 0) is Verdict.LEAVE
    assert first.judge(LONG, LONG) is Verdict.STAY
    board.stopping -= LONG * SECOND
    assert first.judge(LONG, LONG) is Verdict.LEAVE


@pytest.mark.parametrize(("text", "verdict"), [
    ("1 told, 2 told, 3 booting", Verdict.LEAVE),
    ("1 told, 2 booting", Verdict.STAY),  # nobody else serves
    ("1 full, 2 ready, 3 drains", Verdict.LEAVE),
    ("1 full, 2 booting", Verdict.STAY),  # nobody else serves
    ("1 full, 2 ready, 3 failed", Verdict.STAY),  # nobody can take its place
    ("1 told, 2 ready, 3 failed, 4 booting", Verdict.LEAVE),  # in the place of 2
    ("2 told, 1 told, 3 failed, 4 booting", Verdict.STAY),
    ("1 full, 2 failed", Verdict.STAY),
])
def test_verdict_when_the_time_is_over(text, verdict):
    assert crew(text)[1][1].judge(NOW, 0) is verdict


def test_worker_whose_service_may_stop_does_not_leave_before_the_board_says_so():
    """systemd tells all processes at once, and the arbiter closes its listeners a moment later."""
    board, places = crew("1 told")
    assert places[1].judge(LONG, LONG) is Verdict.STAY
    board.stopping = time.monotonic_ns()
    assert places[1].judge(LONG, LONG) is Verdict.STAY
    board.stopping = 0
    places[1].slot.told -= SECOND
    assert places[1].judge(LONG, LONG) is Verdict.LEAVE


def test_with_reuse_port_any_end_may_be_a_stop():
    board = Board()
    place = Place(board, 1, shares_sockets=False)
    place.ready()
    place.tell()
    assert place.judge(LONG, LONG) is Verdict.STAY
    place.slot.told -= LONG * SECOND
    assert place.judge(LONG, LONG) is Verdict.LEAVE


def test_each_young_worker_lets_one_old_one_go():
    _, places = crew("1 told, 2 told, 3 told, 4 ready, 5 booting, 6 booting")
    assert [places[age].judge(LONG, 0) for age in (3, 2, 1)] == [Verdict.STAY, Verdict.STAY, Verdict.LEAVE]
    places[1].leave()
    assert [places[age].judge(LONG, 0) for age in (3, 2)] == [Verdict.STAY, Verdict.STAY]
    places[5].ready()
    assert [places[age].judge(LONG, 0) for age in (3, 2)] == [Verdict.STAY, Verdict.LEAVE]
    places[2].leave()
    places[2].give_back()
    places[6].ready()
    assert places[3].judge(LONG, 0) is Verdict.LEAVE


def test_worker_that_has_not_been_told_yet_is_no_successor():
    """A HUP tells the old ones one after another, and signals may arrive late."""
    _, places = crew("2 ready, 1 told, 3 booting, 4 booting")
    places[1].slot.told -= SECOND
    places[2].slot.booted = places[2].slot.since = places[1].slot.told - 60 * SECOND
    assert places[1].judge(LONG, 0) is Verdict.STAY and not places[2].slot.took_over
    places[2].tell()
    places[3].ready()
    assert places[1].judge(LONG, 0) is Verdict.LEAVE and places[3].slot.took_over == 1


def test_successor_may_be_ready_before_the_old_one_is_told():
    """It starts faster than the signal arrives; in the first moment it could be another old one."""
    _, places = crew("2 ready, 3 booting, 1 told")
    places[2].slot.booted = places[2].slot.since = places[1].slot.told - 1
    assert places[1].judge(LONG, 0) is Verdict.STAY
    for slot in (places[1].slot, places[2].slot):
        slot.told -= SECOND * bool(slot.told)
        slot.booted -= SECOND
        slot.since -= SECOND
    assert places[1].judge(LONG, 0) is Verdict.LEAVE


def test_old_workers_make_room_one_by_one_for_new_ones_that_have_failed():
    board, places = crew("1 told, 2 told, 3 told, 4 ready, 5 failed, 6 failed")
    board.readied -= 60 * SECOND
    assert [places[age].judge(LONG, 0) for age in (3, 2, 1)] == [Verdict.STAY, Verdict.STAY, Verdict.LEAVE]
    places[1].leave()
    places[1].give_back()
    assert places[2].judge(LONG, 0) is Verdict.STAY  # the next attempt would wait, and one more would be missing
    board.failed -= 2 * SECOND
    assert [places[age].judge(LONG, 0) for age in (3, 2)] == [Verdict.STAY, Verdict.LEAVE]
    places[2].leave()
    assert places[3].judge(LONG, 0) is Verdict.STAY


def test_of_two_that_would_leave_at_once_the_older_one_does():
    _, places = crew("1 full, 2 full, 3 ready")
    places[2].slot.state = State.DRAINING  # it has claimed that, and looks at the others next
    assert places[1].claim() is Verdict.LEAVE and places[2].claim() is Verdict.STAY
    assert places[1].slot.state == State.DRAINING and places[2].is_retiring()


def test_one_that_ends_goes_on_to_end_when_it_reaches_max_requests():
    _, places = crew("1 drains, 2 ready")
    places[1].fill()
    assert places[1].slot.state == State.DRAINING and not places[1].is_retiring()


def test_worker_is_reachable_while_it_accepts_and_its_loop_turns():
    board, places = crew("1 ready, 2 told, 3 drains, 4 booting")
    for place in places.values():
        place.beat()
    assert [slot.is_reachable(1.0) for slot in board.taken()] == [True, True, True, False]
    places[3].accept_no_more()
    assert [slot.is_reachable(1.0) for slot in board.taken()] == [True, True, False, False]
    places[1].slot.ticked -= 2 * SECOND
    assert [slot.is_reachable(1.0) for slot in board.taken()] == [False, True, False, False]
    assert [slot.is_blocked(1.0) for slot in board.taken()] == [True, False, False, False]


def test_last_one_that_serves_does_not_leave():
    _, places = crew("1 full, 2 booting")
    since = places[1].slot.since
    assert places[1].claim() is Verdict.STAY and places[1].is_retiring() and places[1].slot.since == since


def test_workers_that_resume_do_so_all():
    _, places = crew("1 told, 2 told, 3 failed, 4 failed")
    for age in (2, 1):
        assert places[age].judge(LONG, 0) is Verdict.RESUME
        places[age].resume()
        assert not places[age].is_retiring()
    assert {places[age].slot.passes_for for age in (1, 2)} == {4}  # as the arbiter sees it, nobody old is left


def test_worker_resumes_once_for_each_failure():
    """It is told to end again: by TTOU, by hand, by a stop that it cannot tell from these."""
    _, places = crew("1 told, 2 failed")
    places[1].resume()
    places[1].tell()
    assert places[1].is_retiring() and places[1].judge(LONG, 0) is Verdict.LEAVE
    places[1].resume()  # whatever has become of them


def test_worker_that_resumes_has_still_reached_max_requests():
    board, places = crew("1 told full, 2 failed")
    places[1].resume()
    assert places[1].is_retiring() and places[1].judge(LONG, 0) is Verdict.STAY  # nobody could take its place
    Place(board, 3).ready()
    assert places[1].judge(LONG, 0) is Verdict.LEAVE


def test_worker_whose_loop_hangs_is_not_counted_upon():
    board, places = crew("1 told, 2 ready")
    board.arbiter = os.getppid()
    places[2].slot.since = places[2].slot.ticked = time.monotonic_ns() - 10 * SECOND
    assert not places[1].others_serve() and places[1].successor() is Successor.TO_COME
    places[2].beat()
    assert places[1].others_serve() and places[1].successor() is Successor.SERVES


def test_failure_long_ago_belongs_to_another_hup():
    board, places = crew("1 told, 2 failed")
    failed = next(slot for slot in board.slots if slot.state is State.FAILED)
    failed.since -= 60 * SECOND
    assert places[1].judge(LONG, 0) is Verdict.LEAVE


@pytest.mark.parametrize(("text", "successor"), [
    ("1 told", Successor.TO_COME),
    ("1 told, 2 ready", Successor.SERVES),
    ("1 told, 2 full", Successor.SERVES),
    ("1 told, 2 drains, 3 booting", Successor.TO_COME),
])
def test_who_serves_behind_it(text, successor):
    board, places = crew(text)
    assert places[1].successor() is Successor.NOBODY  # its arbiter has gone
    board.arbiter = os.getppid()
    assert places[1].successor() is successor
    board.stopping = 1
    assert places[1].successor() is Successor.NOBODY
    assert Place(board, 9).successor() is not Successor.NOBODY  # the arbiter starts workers again: it was no stop


def test_worker_without_a_board_is_alone():
    place = Place(None, 1)
    assert place.ready() and not place.others_serve() and place.successor() is Successor.NOBODY
    place.tell()
    assert place.is_retiring() and place.judge(LONG, 0) is Verdict.LEAVE
    place.give_back()


def test_worker_that_finds_no_slot_is_on_no_board():
    board = Board()
    places = [Place(board, age) for age in range(1, SLOTS + 2)]
    for place in places:
        place.ready()
    assert len(board.taken()) == SLOTS and places[-1].slot not in board.slots
    assert len(places[0].others()) == SLOTS - 1 and len(places[-1].others()) == SLOTS
    places[-1].give_back()
    places[0].give_back()
    assert Place(board, 1000).slot in board.slots


def test_dead_worker_gives_its_slot_back_once():
    board = Board()
    first = Place(board, 1)
    first.ready()
    first.give_back()
    second = Place(board, 2)
    second.ready()
    first.give_back()
    assert [slot.age for slot in board.taken()] == [2] and first.slot.age == 1


def test_failures_are_a_series_until_one_succeeds():
    board = Board()
    for failures in (1, 2):
        for age in (1, 2):  # those that fail together are one attempt
            Place(board, age).give_back()
        assert board.is_failing() and board.failures == failures
        board.failed -= 2 * SECOND
    third = Place(board, 3)
    third.ready()
    assert not board.is_failing()
    third.give_back()
    assert not board.is_failing()
    Place(board, 4).give_back()
    assert board.is_failing() and board.failures == 1


def test_one_that_was_told_to_end_before_it_was_ready_has_not_failed():
    board = Board()
    place = Place(board, 1)
    place.tell()
    place.give_back()
    assert not board.is_failing() and not board.taken()


def test_words_of_a_slot_are_each_their_own():
    slot = Place(Board(), 7).slot
    names = [name for name in vars(type(slot)) if re.fullmatch("age|pid|number|since|told|took_over|booted|ticked|"
                                                               "passes_for|answered|length|stalls|stalled", name)]
    for value, name in enumerate(names):
        setattr(slot, name, value)
    assert [getattr(slot, name) for name in names] == list(range(len(names)))
