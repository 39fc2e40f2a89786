"""The fixture `make_log`, for tests of what is written to the access log."""

import logging

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger


@pytest.fixture
def make_log(tmp_path):
    """make_log(kind=Logger, **gunicorn's settings) -> a logger of gunicorn's kind, its access log in tmp_path."""
    def make(kind=Logger, **changed):
        cfg = GunicornConfig()
        for name, value in {"accesslog": str(tmp_path / "access.log"), **changed}.items():
            cfg.set(name, value)
        logger.handlers.clear()  # of pytest's own, which would listen
        return kind(cfg)

    logger = logging.getLogger("gunicorn.access")
    yield make
    for handler in logger.handlers:
        handler.close()
    logger.handlers.clear()
    logger.filters.clear()
    logger.propagate = True
    logger.disabled = False
