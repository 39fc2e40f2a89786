"""A small result made by hand, for the tests of what is said about results."""

from pathlib import Path

from benchmarks import results
from benchmarks.results import Sample

PATH = Path(__file__).with_name("result.json")


def load():
    return results.load(PATH)


def with_cpu(**seconds):
    """The result with other samples: plain-64's CPU seconds a request of each server, one value a round."""
    result = load()
    result.samples = [
        Sample("plain-64", server, each, {"cpu": value})
        for server, values in seconds.items() for each, value in enumerate(values)
    ]
    return result
