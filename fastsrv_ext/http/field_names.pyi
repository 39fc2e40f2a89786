# What Python code sees of field_names.pyx; plain_head.pyx and request.pyx see field_names.pxd.

from collections.abc import Iterable

def watch(names: Iterable[bytes]) -> None: ...
