"""What a setting of fastsrv's own is: its name, default and reason, what it may be, and where its value goes.

Knows none of them (table.py does), and not where a value was given (sources.py).
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from typing import Any

UNLIMITED = sys.maxsize
LARGEST = 2**31 - 1  # seconds (68 years), bytes (2 GiB) or whatever else: more is a mistake
OR = " or "  # between the words that a setting may be
SWITCH = f"on{OR}off"
WHOLE = ("bytes", "requests")  # units that have no parts
ADDRESS = "address"  # a unit: where something listens
ADDRESSES = re.compile(r"unix:(//)?/.+|(\[[0-9a-f:.]+(%\w+)?\]|[^:/\[\]]+):(?P<port>\d{1,5})", re.IGNORECASE)
LARGEST_PORT = 65535
OFF = "off"  # of a limit that need not be, or of an address
SWITCHED = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


class ConfigError(ValueError):
    """A setting that cannot be obeyed. The text says which, and what would be right."""


@dataclass(frozen=True)
class Setting:
    """One of fastsrv's own settings.

    default: `off` for one that is off. unit: "seconds", "bytes", "bytes/s", "requests", "on or off" (then a bool),
    "address" (then its text, or "off"), or the words that it may be: "ignore or raise". goes: a topic of Config, and
    what the value is called there: "limits.drain". why: the reason of the default, for docs/SETTINGS.md. largest: the
    greatest value that makes sense. may_be_off: it can be no limit, as where the default is UNLIMITED. off: its value
    then.
    """

    name: str
    default: Any
    unit: str
    goes: str
    what: str
    why: str
    largest: int = LARGEST
    may_be_off: bool = False  # also where the default is a number
    off: float = UNLIMITED

    @property
    def words(self) -> list[str]:
        """What it may be, if that is one of some words."""
        return self.unit.split(OR) if OR in self.unit else []

    def parse(self, value: object, where: str) -> Any:
        """`value` (or its text) as a number greater than 0, as a bool, an address or one of its words; "off" as what
        that is, if it may be that. Raises ConfigError."""
        if self.unit == SWITCH:
            if str(value).lower() not in SWITCHED:
                raise ConfigError(f"{where} must be on or off, not {value!r}")
            return SWITCHED[str(value).lower()]
        if self.words:
            if str(value).lower() not in self.words:
                raise ConfigError(f"{where} must be {self.unit}, not {value!r}")
            return str(value).lower()
        if self.unit == ADDRESS:
            return parse_address(value, where)
        can_be_off = self.may_be_off or self.default == self.off
        if can_be_off and str(value).lower() == OFF:
            return self.off
        number = math.nan
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            try:
                number = float(value)
            except ValueError:
                pass
        if number == 0 and can_be_off and self.off == 0:
            return self.off
        if not 0 < number <= self.largest:  # nor NaN
            or_off = ", or off" if can_be_off else ""
            raise ConfigError(
                f"{where} must be a number of {self.unit} greater than 0 and at most {self.largest}{or_off}, "
                f"not {value!r}")
        if self.unit not in WHOLE:
            return number
        if number != int(number):
            raise ConfigError(f"{where} must be a whole number of {self.unit}, not {value!r}")
        return int(number)


def parse_address(value: object, where: str) -> str:
    """The text of an address, or "off". Raises ConfigError."""
    if str(value).lower() == OFF:
        return OFF
    found = ADDRESSES.fullmatch(str(value))
    if found is None or int(found["port"] or 0) > LARGEST_PORT:
        raise ConfigError(f"{where} must be host:port, [v6]:port, unix:/path or off, not {value!r}")
    return str(value)
