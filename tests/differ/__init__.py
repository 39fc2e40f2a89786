"""The differential test: what fastsrv reads and writes, held against what others do. How many examples it tries."""

from hypothesis import HealthCheck, settings


def run(request, test, examples, long_examples):
    """Try `test`, a function with @given: the same examples each time, and with --long as many others."""
    long = request.config.getoption("--long")
    settings(
        max_examples=long_examples if long else examples, deadline=None, derandomize=not long, database=None,
        suppress_health_check=list(HealthCheck), print_blob=True)(test)()
