"""Each control byte of a field was escaped for the access log by itself: a head of 56 KB of them kept the loop for 50
ms, a hundred times as long as any other."""

from fastsrv.log.atoms import printable


def test_escapes_are_those_of_characters_that_are_not_printable():
    text = "".join(map(chr, range(256))) + "é€\u200b\ud800\U000e0001"
    assert printable(text) == "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def test_bytes_cost_a_look_at_a_table(monkeypatch):
    """No call of ours for each."""
    monkeypatch.setattr("fastsrv.log.atoms.Shown.__missing__", None)
    assert printable(bytes(range(256)).decode("latin-1") * 100).startswith(r"\x00\x01")
