# What Python code sees of names.pyx; head.pyx and request.pyx see names.pxd.

from collections.abc import Iterable

def watch(names: Iterable[bytes]) -> None: ...
