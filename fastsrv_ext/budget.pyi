# What Python code sees of budget.pyx; compiled code sees budget.pxd.

from asyncio import AbstractEventLoop
from typing import Final

from typing_extensions import disjoint_base

TURN: Final = 0.001  # seconds

@disjoint_base
class Budget:
    """How long one turn of the loop may take for what peers can repeat. One a worker."""

    def __init__(self, seconds: float = ...) -> None: ...
    def next_turn(self, loop: AbstractEventLoop) -> None: ...  # called by the loop
