"""The fixture `played`, for the files that tell stories (stories.py)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.worker.stories import perform


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def played(request):
    """name -> a future: how that one of the file's STORIES goes, on each loop."""
    stories = request.module.STORIES
    with ThreadPoolExecutor(len(stories)) as pool:
        yield {name: pool.submit(perform, request.param, *parts) for name, parts in stories.items()}
