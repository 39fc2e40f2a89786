"""Memory over a long run: what a worker holds after many requests, good and bad, is what it held after some."""

import pytest

from tests.stress.visitors import visit_while

OBJECTS = 500  # that the garbage collector may know more: caches, and who is being served
GROWTH = 4 << 20  # bytes resident, beside what malloc could give back: fragmentation
FAILURES = ["The app raised during GET /fail"]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_memory_is_flat(trial, long, chance, tls):
    few, many = (10_000, 90_000) if long else (1500, 3000)
    if tls:
        few, many = few // 4, many // 4
    with trial(f"{few + many:,} requests{', TLS' if tls else ''}", tls=tls, expected=FAILURES) as running:
        weights = []
        for count in (few, many):
            visits = visit_while(
                lambda total, count=count: total < count, running.port, chance.randrange(1 << 32), running.context)
            assert running.run(visits, bound=300) >= count
            weights.append(running.alone())
    print(weights)
    before, after = weights
    assert after["objects"] - before["objects"] < OBJECTS
    assert after["resident"] - before["resident"] < GROWTH
