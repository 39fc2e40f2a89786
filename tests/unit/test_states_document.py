"""The moves from state to state: docs/ARCHITECTURE.md has them as the code does, and they lead from begin to end."""

import pytest

from fastsrv_ext.state import MOVES, State
from tools.states_document import DOCUMENT, with_table


def test_document_has_the_moves_of_the_code():
    """`python -m tools.states_document` makes it true again."""
    text = DOCUMENT.read_text()
    assert with_table(text) == text


def reached(begin, follow):
    found = {begin}
    while True:
        more = {state for move in MOVES for state in follow(move, found)} - found
        if not more:
            return found
        found |= more


@pytest.mark.parametrize("follow", [
    lambda move, found: {move.after} if found.intersection(move.before) else (),
    lambda move, found: move.before if move.after in found else (),
], ids=["from", "to"])
def test_every_state_is_reached_from_closed_and_leads_there(follow):
    assert reached("CLOSED", follow) == set(State.__members__)
