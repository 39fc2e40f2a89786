"""What all workers are doing, asked by way of the board: also those whose loop is blocked.

Knows not what a report says; stacks.py does. Whoever wants to know calls stacks_of_all(), in any process and thread;
each worker's watchdog.py answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from fastsrv.board import Board, Slot

POLL = 0.02  # seconds between two looks for answers
CUT = b"\n... (there is no room for the rest)"


def stacks_of_all(board: Board, wait: float = 2.0) -> list[tuple[int, int, str]]:
    """(age, pid, report) of each worker that lives, by age. For one that has not answered in `wait` seconds, as it may
    die or hold the GIL, the report says so.

    Takes a quarter of a second as a rule, and blocks its thread meanwhile: not for a loop's own, which can await
    between ask() and answers().
    """
    asked, until = ask(board), time.monotonic() + wait
    while (found := answers(board, asked)) and any(report is None for *_, report in found):
        if time.monotonic() >= until:
            break
        time.sleep(POLL)
    silent = f"No answer in {wait:g} s: it boots, it is stopped, or something in it holds the GIL."
    return [(age, pid, silent if report is None else report) for age, pid, report in found]


def ask(board: Board) -> int:
    """Ask all workers. Returns the moment, for answers()."""
    board.asked = time.monotonic_ns()
    return board.asked


def answers(board: Board, asked: int) -> list[tuple[int, int, str | None]]:
    """(age, pid, report) of each worker that lives, by age; None where it was not made since `asked`."""
    if board.asked < asked:  # by somebody who had looked at his clock before us, and wrote behind us
        board.asked = asked
    return sorted(((slot.age, slot.pid, report_of(slot, asked)) for slot in board.taken()), key=lambda one: one[0])


def report_of(slot: Slot, asked: int) -> str | None:
    answered = slot.answered
    if answered < asked:
        return None
    text = bytes(slot.text[:slot.length])
    return text.decode(errors="replace") if slot.answered == answered else None  # another one is written over it


# --- the worker that is asked ---


def is_asked(board: Board, slot: Slot) -> bool:
    """Has somebody asked since the slot's worker last answered?"""
    return board.asked > slot.answered


def answer(slot: Slot, parts: Iterable[str]) -> None:
    """Write the report that is made of `parts`, as many as there is room for. `answered` comes last: whoever reads it
    finds all of the text, and whoever finds it changed behind the text reads again."""
    began = time.monotonic_ns()
    text = cut(parts, len(slot.text))
    slot.answered = 0
    slot.text[:len(text)] = text
    slot.length = len(text)
    slot.answered = began


def cut(parts: Iterable[str], room: int) -> bytes:
    """`parts` as lines, in UTF-8, of `room` bytes at most. What there is no room for is not made."""
    text = bytearray()
    for part in parts:
        text += part.encode("utf-8", "backslashreplace") + b"\n"
        if len(text) > room:
            whole = text[:max(0, room - len(CUT))].decode(errors="ignore")  # not half a character
            return (whole.encode() + CUT)[:room]
    return bytes(text)
