# What Python code sees of counters.pyx; the other modules see counters.pxd.

from typing import TypedDict, type_check_only

from typing_extensions import disjoint_base

@type_check_only
class Snapshot(TypedDict):
    opened: int
    connections: dict[str, int]
    expired: dict[str, int]
    requests: int
    responses: int
    in_flight: int
    refused: dict[str, int]

@disjoint_base
class Counters:
    """What has happened in a worker process since it began."""

    @property
    def opened(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def responses(self) -> int: ...
    @property
    def in_flight(self) -> int: ...
    def snapshot(self) -> Snapshot: ...
