"""The fuzzing: a target is a module with seeds(), and check(data), which raises if something is wrong."""

from pathlib import Path

FOUND = Path(__file__).parent / "found"  # a folder a target: inputs on which it has once failed


def inputs(target):
    """What the fuzzing starts from, as bytes. target: the module."""
    yield from target.seeds()
    for path in sorted(FOUND.glob(f"{target.__name__.rpartition('.')[2]}/*")):
        yield path.read_bytes()
