"""Fixtures: `played`, for the files that tell stories (stories.py); `started` and `blocks`, for those of the admin
address (admin.py)."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.worker.admin import APP, LOCAL, Admin
from tests.worker.stories import perform


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def played(request):
    """name -> a future: how that one of the file's STORIES goes, on each loop."""
    stories = request.module.STORIES
    with ThreadPoolExecutor(len(stories)) as pool:
        yield {name: pool.submit(perform, request.param, *parts) for name, parts in stories.items()}


@pytest.fixture
def started(gunicorn):
    """started(*options, source=, config=, env=) -> (Gunicorn, Admin)"""
    def start(*options, source=APP, env=LOCAL, path=None, **more):
        server = gunicorn(source, *options, env=env, **more)
        return server, Admin(server, path)

    return start


@pytest.fixture
def blocks(tmp_path):
    """What /block waits for: let() lets one go on."""
    os.mkfifo(tmp_path / "blocks")

    def let():
        os.close(os.open(tmp_path / "blocks", os.O_RDONLY))

    return let
