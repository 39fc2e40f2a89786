"""Fixtures: `window`, which opens windows of a real browser, and `key`, a name that no other test uses."""

import contextlib
import shutil
import uuid

import pytest

from tests.browser.webdriver import Browser


@pytest.fixture(scope="session")
def browser():
    """One for all tests of a process: it takes a second or more to start."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    for name, path in programs.items():
        if path is None:
            pytest.skip(f"needs {name}")
    with Browser(**programs) as browser:
        yield browser


@pytest.fixture
def window(browser):
    """window(url) -> Window, closed behind the test if it is still open."""
    with contextlib.ExitStack() as stack:
        def open_window(url):
            window = browser.open(url)
            stack.callback(window.close)
            return window

        yield open_window


@pytest.fixture
def key():
    return uuid.uuid4().hex
