"""`python sandbox.py UNIT COMMAND...`: run COMMAND with the SystemCallFilter= of a unit, as systemd sets it up.

The names are those of `systemd-analyze syscall-filter`; the filter is made by the library that systemd itself has for
it, libseccomp (seccomp_init(3) and the like).
"""

import ctypes
import errno
import os
import re
import subprocess
import sys

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000  # seccomp.h: what comes of a system call
UNKNOWN = -1  # __NR_SCMP_ERROR: not on this machine


def system_calls(name):
    """The names of all that `name` stands for: "@group", or itself."""
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
    members = re.findall(r"^ +(@?\w[\w-]*)$", told.stdout, re.MULTILINE)
    return set().union(*map(system_calls, members))


def allowed(unit):
    """systemd.exec(5): the first line is a list of what is allowed here; what begins with ~ is taken off it."""
    found = system_calls("@default")
    for names in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        calls = set().union(*map(system_calls, names.removeprefix("~").split()))
        found = found - calls if names.startswith("~") else found | calls
    return found


def forbid_others(unit):
    """Let this process, and all that comes of it, do nothing but what the text of a unit allows."""
    number = re.search(r"^SystemCallErrorNumber=(\w+)$", unit, re.MULTILINE)
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ERRNO | getattr(errno, number[1]) if number else KILL))
    for name in allowed(unit):
        call = library.seccomp_syscall_resolve_name(name.encode())
        if call != UNKNOWN and library.seccomp_rule_add_array(rules, ALLOW, call, 0, None):
            raise OSError(f"no filter for {name}")
    if library.seccomp_load(rules):  # which sets no_new_privs
        raise OSError("no filter can be set here")


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        forbid_others(file.read())
    os.execvp(sys.argv[2], sys.argv[2:])
