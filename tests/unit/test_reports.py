"""Reports on the board: who has asked gets a whole one, that was made since, or none."""

import os

import pytest

from fastsrv.board import TEXT, Board
from fastsrv.place import Place
from fastsrv.reports import answer, answers, ask, cut, is_asked, stacks_of_all


@pytest.fixture
def board():
    return Board()


def worker(board, age):
    place = Place(board, age)
    place.begin(1000 + age)
    return place


def test_each_worker_is_asked_until_it_answers(board):
    first, second = worker(board, 1).slot, worker(board, 2).slot
    assert not is_asked(board, first)
    asked = ask(board)
    assert is_asked(board, first) and is_asked(board, second)
    answer(second, ["one", "two"])
    assert answers(board, asked) == [(1, 1001, None), (2, 1002, "one\ntwo\n")]
    assert is_asked(board, first) and not is_asked(board, second)
    assert answers(board, ask(board)) == [(1, 1001, None), (2, 1002, None)]


def test_one_that_asked_before_and_writes_behind_hides_nobody(board):
    slot = worker(board, 1).slot
    early = ask(board)
    answer(slot, ["for the first"])
    late = ask(board)
    board.asked = early
    assert not is_asked(board, slot)
    answers(board, late)
    assert is_asked(board, slot)


def test_report_that_is_being_written_is_none(board):
    slot = worker(board, 1).slot
    asked = ask(board)
    answer(slot, ["one"])

    class Torn(bytearray):
        def __setitem__(self, part, text):
            raise SystemExit  # its worker is killed

    slot.text = Torn(slot.text)
    with pytest.raises(SystemExit):
        answer(slot, ["another"])
    assert answers(board, asked)[0][2] is None


def test_report_that_changes_while_it_is_read_is_none(board):
    slot = worker(board, 1).slot
    asked = ask(board)
    answer(slot, ["whole"])

    class Overtaken(bytearray):
        def __getitem__(self, part):
            slot.answered += 1  # its worker has written another one
            return super().__getitem__(part)

    slot.text, text = Overtaken(slot.text), slot.text
    assert answers(board, asked)[0][2] is None
    slot.text = text
    assert answers(board, asked)[0][2] == "whole\n"


def test_next_worker_of_a_slot_has_no_report(board):
    place = worker(board, 1)
    asked = ask(board)
    answer(place.slot, ["of the dead"])
    place.ready()
    place.give_back()
    assert answers(board, asked) == []
    worker(board, 2)
    assert answers(board, asked) == [(2, 1002, None)]


def test_who_is_alone_or_does_not_answer(board):
    assert stacks_of_all(board) == []
    worker(board, 1)
    [(age, pid, report)] = stacks_of_all(board, wait=0.0)
    assert (age, pid) == (1, 1001) and report.startswith("No answer in 0 s")


@pytest.mark.parametrize("room", [0, 10, 100, TEXT])
def test_report_is_cut_at_the_room_between_characters(room):
    made = []

    def parts():
        for _ in range(3 * TEXT):
            made.append(1)
            yield "é" * 7

    text = cut(parts(), room)
    assert room - 1 <= len(text) <= room and len(made) <= room // 15 + 1
    text.decode()


def test_report_holds_any_text(board):
    slot = worker(board, 1).slot
    asked = ask(board)
    answer(slot, [os.fsdecode(b"\xff.py"), "a\0b"])
    assert answers(board, asked)[0][2] == "\\udcff.py\na\0b\n"


def test_texts_of_two_slots_are_apart(board):
    slots = [worker(board, age).slot for age in (1, 2)]
    asked = ask(board)
    for slot, letter in zip(slots, "ab", strict=True):
        answer(slot, [letter * (TEXT - 1)])
    assert [report for *_, report in answers(board, asked)] == ["a" * (TEXT - 1) + "\n", "b" * (TEXT - 1) + "\n"]
    assert board.words[0] == 0 and board.slots[-1].pid == 0


def test_worker_that_is_on_no_board_answers_nobody():
    slot = Place(None, 1).slot
    answer(slot, ["text"])
    assert slot.length == 0
