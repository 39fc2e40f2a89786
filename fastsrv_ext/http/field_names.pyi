# What Python code sees of field_names.pyx; plain_head.pyx and rules.pyx see field_names.pxd.

from collections.abc import Callable, Iterable

changed: list[Callable[[], None]]  # who remembers what a name means has to forget it

def watch(names: Iterable[bytes]) -> None: ...
