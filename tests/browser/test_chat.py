"""examples/chat.py, as people have it: windows that talk with each other, and come back when the server restarts."""

import contextlib
import json
import signal

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.browser.webdriver import ENTER
from tests.support.servers import PATIENCE, ROOT, Gunicorn

TAKE = "document.title='taken'"
NASTY = f"""<b>bold</b> <img src=x onerror="{TAKE}"> <script>{TAKE}</script> &amp; \\ " '"""
MANY = 150  # guests: more than there are seats
MINE, OTHERS = ".mine", ":not(.mine)"  # what of its messages a window shows in which way


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory):
    with Gunicorn(tmp_path_factory.mktemp("chat"), "chat:app", "--chdir", str(ROOT / "examples")) as server:
        yield server


@pytest.fixture
def guest(gunicorn, window):
    """guest(name) -> Guest, who has come in; without a name, one who is asked for it. None is left behind the test."""
    guests = []

    def come(name=None):
        guests.append(Guest(window(f"http://127.0.0.1:{gunicorn.port}/")))
        return guests[-1] if name is None else guests[-1].come_in(name)

    yield come
    for each in guests:
        each.window.close()
    with connect(f"ws://127.0.0.1:{gunicorn.port}/chat", subprotocols=["chat"]) as last:
        last.send("the last one")
        here = set(json.loads(last.recv(PATIENCE))["here"])
        while here != {"the last one"}:
            here.discard(json.loads(last.recv(PATIENCE)).get("left"))


def fill(gunicorn, crowd):
    """The room, with guests who leave with the stack `crowd`. They keep what they hear (max_queue)."""
    with contextlib.suppress(ConnectionClosed):
        for _ in range(MANY):
            each = crowd.enter_context(connect(
                f"ws://127.0.0.1:{gunicorn.port}/chat", subprotocols=["chat"], max_queue=None))
            each.send("one of many")
            each.recv(PATIENCE)


class Guest:
    """Somebody at a window: types, and looks."""

    def __init__(self, window):
        self.window = window

    def come_in(self, name):
        self.knock(name)
        return self.until_connected()

    def knock(self, name):
        self.window.run("document.querySelector('dialog input').value = ''")
        self.window.type("dialog input", name + ENTER)

    def until_connected(self):
        self.window.until(lambda: self.window.texts("#state") == ["Connected"])
        return self

    def say(self, text):
        self.window.type("textarea", text + ENTER)

    def until_hears(self, text, who):
        """`who` said it: MINE or OTHERS."""
        self.window.until(lambda: text in self.window.texts(f"article.said{who} p"))

    def until_told(self, text):
        self.window.until(lambda: text in self.window.texts(".news"))

    def until_here(self, *names):
        self.window.until(lambda: self.window.texts("#people li") == sorted(names))


def test_two_windows_talk(guest):
    ada, grace = guest("Ada"), guest("Grace")
    ada.until_told("Grace has come")
    for each in ada, grace:
        each.until_here("Ada", "Grace")
    ada.say("Hello, Grace")
    grace.until_hears("Hello, Grace", OTHERS)
    grace.say("häuser, ☃")
    ada.until_hears("häuser, ☃", OTHERS)
    for each in ada, grace:
        assert len(each.window.texts("article")) == 2
    assert ada.window.texts("article.mine p") == ["Hello, Grace"]
    assert grace.window.texts("article.mine p") == ["häuser, ☃"]
    assert grace.window.texts("article:not(.mine) b") == ["Ada"]
    grace.window.close()
    ada.until_told("Grace has left")
    ada.until_here("Ada")


def test_html_is_shown_as_text(guest):
    ada, bold = guest("Ada"), guest("<b>Bo</b>")
    bold.say(NASTY)
    for each, who in (ada, OTHERS), (bold, MINE):
        each.until_hears(NASTY, who)
        each.until_here("<b>Bo</b>", "Ada")
        assert each.window.run("""
            return [document.title, document.querySelectorAll("main img, main script, p b, li b").length];
        """) == ["Chat", 0]


def test_name_that_is_taken_gets_a_number(guest):
    guest("Ada")
    guest("Ada").until_here("Ada", "Ada 2")


def test_name_that_may_not_be_is_asked_for_again(guest):
    ada = guest()
    ada.window.type("dialog input", "\u202eadA" + ENTER)  # it would be shown as Ada
    ada.window.until(lambda: ada.window.texts("dialog[open] p") == ["A name that can be seen, please"])
    ada.come_in("Ada").until_here("Ada")


def test_page_says_that_the_room_is_full_and_comes_in_when_it_no_longer_is(gunicorn, guest):
    ada = guest()
    with contextlib.ExitStack() as crowd:
        fill(gunicorn, crowd)
        ada.knock("Ada")
        ada.window.until(lambda: ada.window.texts("#state")[0].startswith("The room is full"))
    ada.until_connected().until_here("Ada")


@pytest.mark.parametrize(("way", "told"), [
    ("graceful", "The server restarts (1012)"), ("killed", "Connection lost (1006)")])
def test_page_comes_back_by_itself_when_the_worker_ends(gunicorn, guest, way, told):
    ada, grace = guest("Ada"), guest("Grace")
    ada.say("before")
    grace.until_hears("before", OTHERS)
    booted = gunicorn.output.count("Booting worker")
    if way == "graceful":
        gunicorn.signal(signal.SIGHUP)
    else:
        gunicorn.signal(signal.SIGKILL, gunicorn.worker(booted))
    gunicorn.worker(booted + 1)
    for each in ada, grace:
        each.until_told(told)
        each.until_connected().until_here("Ada", "Grace")
    for one, other in (ada, grace), (grace, ada):
        one.say(f"back {way}")
        other.until_hears(f"back {way}", OTHERS)
    assert grace.window.texts("article p").count("before") == 1


def test_who_follows_a_link_has_left_and_who_goes_back_is_here_again(guest):
    """Chromium keeps the page, as it was."""
    ada, grace = guest("Ada"), guest("Grace")
    ada.say("stay")
    grace.until_hears("stay", OTHERS)
    grace.window.run("window.kept = true")
    grace.window.go("about:blank")
    ada.until_told("Grace has left")
    grace.window.ask("POST", "/back")
    ada.until_here("Ada", "Grace")
    ada.say("welcome back")
    grace.until_hears("welcome back", OTHERS)
    assert grace.window.texts("article p") == ["stay", "welcome back"] and grace.window.run("return window.kept")
