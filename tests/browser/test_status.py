"""The page of the status, as somebody sees it who looks at it: it lives, and is whole without JavaScript, too."""

import os
import re
import signal
import urllib.request

import pytest

APP = """
import os

async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/block":
        os.close(os.open("blocks", os.O_WRONLY))  # until the test has opened it
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""


@pytest.fixture
def service(gunicorn, tmp_path):
    """A gunicorn of two workers, both ready; .admin is the URL of its admin address."""
    server = gunicorn(APP, "--workers", "2", env={
        "FASTSRV_ADMIN_BIND": "127.0.0.1:0", "FASTSRV_ADMIN_BLOCKED_AFTER": "0.6"})
    server.wait_for("Ready after", 2)
    server.admin = server.wait_for(r"Admin address: (\S+)")[1]
    return server


def test_page_shows_what_becomes_of_the_workers(service, browser, window):
    page = window(service.admin + "/status")
    browser.console()
    page.until(lambda: page.texts("h1") == ["2 ready"])
    page.until(lambda: page.texts("#rate")[0].isdecimal())
    assert page.texts("td:nth-child(2)") == ["ready", "ready"]
    assert set(page.texts("td:nth-child(4)")) == {str(service.worker(1)), str(service.worker(2))}
    service.signal(signal.SIGKILL, service.worker(1))
    service.wait_for("Ready after", 3)
    page.until(lambda: str(service.worker(3)) in page.texts("td:nth-child(4)"))
    page.until(lambda: page.run("return document.querySelector('h1').className") == "good")
    assert browser.console() == []  # nothing that the policy forbids


def test_page_tells_of_a_blocked_worker(service, window, tmp_path):
    os.mkfifo(tmp_path / "blocks")
    page = window(service.admin + "/status")
    with service.connect() as connection:
        connection.sendall(b"GET /block HTTP/1.1\r\nHost: localhost\r\n\r\n")
        page.until(lambda: page.texts("h1") == ["1 blocked, 1 ready"])
        assert page.run("return document.querySelector('h1').className") == "fair"
        assert page.run("return document.querySelector('tr.blocked td:nth-child(6)').textContent") == "1"
        os.close(os.open(tmp_path / "blocks", os.O_RDONLY))
        page.until(lambda: page.texts("h1") == ["2 ready"])
        page.until(lambda: page.run("return document.querySelector('dd[data-of=stalls]').textContent") != "0")
        assert sorted(page.texts("td:nth-child(10)"))[-1] != "0"


def test_page_says_that_nobody_answers(service, window):
    page = window(service.admin + "/status")
    page.until(lambda: page.texts("#rate")[0].isdecimal())
    service.signal(signal.SIGTERM)
    assert service.wait() == 0
    page.until(lambda: page.run("return !document.getElementById('lost').hidden"))


def test_page_is_whole_without_javascript(service):
    with urllib.request.urlopen(service.admin + "/status") as answer:
        text = answer.read().decode()
    shown = text.partition("<script>")[0].partition("<template")[0]
    assert '<h1 data-is="health" class="good" data-of="summary">2 ready</h1>' in shown
    assert {str(service.worker(1)), str(service.worker(2))} == set(re.findall(r'data-of="pid">(\d+)<', shown))
    assert '<meta http-equiv="refresh"' in shown


@pytest.mark.parametrize("width", [320, 1280])
def test_page_fits_a_phone(service, window, width):
    page = window(service.admin + "/status")
    page.ask("POST", "/window/rect", width=width, height=800)
    page.until(lambda: page.texts("h1") == ["2 ready"])
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
