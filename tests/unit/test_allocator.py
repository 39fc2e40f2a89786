"""The memory of large bodies is used again, unless the user has decided otherwise."""

import os
import subprocess
import sys

import pytest

# Prints whether malloc was told, and how many pages the last of many bodies had to be given.
PROGRAM = """
import resource
from fastsrv_ext.allocator import keep_freed_memory

def body():
    pieces = [b"x" * 200_000 for _ in range(5)]
    return b"".join(pieces)

print(keep_freed_memory())
for _ in range(100):
    held = [body() for _ in range(16)]
    del held
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
held = [body() for _ in range(16)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run(**settings):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environ | settings, capture_output=True, check=True)
    told, faults = done.stdout.split()
    return told == b"True", int(faults)


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="another C library has another malloc")
def test_freed_memory_is_used_again():
    told, faults = run()
    assert told
    assert faults < 400  # of the 8,000 pages that 16 bodies of a megabyte and their pieces cover


@pytest.mark.parametrize("setting", ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"])
def test_a_setting_of_the_users_is_left_alone(setting):
    told, faults = run(**{setting: "131072"})
    assert not told
    assert faults > 400
