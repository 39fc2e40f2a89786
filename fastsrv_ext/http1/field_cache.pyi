# What Python code sees of field_cache.pyx; plain_head.pyx sees field_cache.pxd.

from collections.abc import Callable

names_changed: list[Callable[[], None]]

def forget() -> None: ...
