"""A Forwarded element of a thousand blanks and a letter kept the loop for 50 ms: the blanks could be read by two parts
of a regular expression, and each way to share them was tried."""

import pytest

from fastsrv.proxy import fields
from fastsrv.proxy.fields import elements

MANY = 300_000  # in squares, hours


@pytest.mark.parametrize("blank", [" ", "\t", "; ", "\\", "a", "=", "a=b ", '""', "[", "a=b;"])
@pytest.mark.parametrize("behind", ["x", "", "=", '"', ";a=b"])
def test_runs_are_read_once(monkeypatch, blank, behind):
    monkeypatch.setattr(fields, "LONGEST_ELEMENT", MANY * 10)
    assert len(list(elements(f"for=192.0.2.1, {blank * MANY}{behind}", 32))) <= 2
