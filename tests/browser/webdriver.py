"""Debian's Chromium, driven by its chromedriver: as much of WebDriver (W3C) as the tests need, which is JSON over HTTP.

selenium would do, but brings trio into the environment of all tests, where it hooks into hypothesis.
"""

import http.client
import json
import re
import subprocess
import time

from tests.support.servers import PATIENCE

GLANCE = 0.02  # seconds between two looks at a page
OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--ignore-certificate-errors",  # ours is signed by nobody
    # Nothing of its own on the network, which need not be there.
    "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]
# What a window runs: an async function's body. Its failure comes back as text, with where it was.
WRAPPED = """
    const done = arguments[arguments.length - 1];
    (async (...given) => { %s })(...[...arguments].slice(0, -1))
        .then((value) => done({ value }), (error) => done({ error: `${error}\\n${error.stack}` }));
"""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver, 11: the key that marks a reference to an element
ENTER = "\ue007"  # WebDriver, 17.4.2: the key


class Browser:
    """One Chromium with a profile of its own, from `with` to its end. chromium, chromedriver: where they are."""

    def __init__(self, chromium, chromedriver):
        self.chromium, self.chromedriver = chromium, chromedriver

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.chromedriver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            said = ""
            while not (port := re.search(r"started successfully on port (\d+)", said)):
                line = self.process.stdout.readline()
                assert line, f"chromedriver has not started: {said}"
                said += line
            # It may take longer than a script, which has a limit of its own.
            self.connection = http.client.HTTPConnection("127.0.0.1", int(port[1]), timeout=2 * PATIENCE)
            self.session = ""
            self.session = "/session/" + self.ask("POST", "/session", capabilities={"alwaysMatch": {
                "goog:chromeOptions": {"binary": self.chromium, "args": OPTIONS},
                "goog:loggingPrefs": {"browser": "ALL"},
                "timeouts": {"script": 1000 * PATIENCE, "pageLoad": 1000 * PATIENCE},
            }})["sessionId"]
            self.first = self.ask("GET", "/window")
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *failure):
        self.ask("DELETE", "")
        self.connection.close()
        self.end()

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def ask(self, method, path, **parameters):
        body = json.dumps(parameters) if method == "POST" else None
        self.connection.request(method, self.session + path, body, {"Content-Type": "application/json"})
        value = json.loads(self.connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value and "message" in value:
            raise RuntimeError(f"{value['error']}: {value['message']}")
        return value

    def open(self, url):
        """A new Window with that page."""
        window = Window(self, self.ask("POST", "/window/new", type="window")["handle"])
        window.go(url)
        return window

    def console(self):
        """What was written to the consoles of all windows since the last look."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", type="browser")]


class Window:
    def __init__(self, browser, handle):
        self.browser, self.handle = browser, handle

    def ask(self, method, path, **parameters):
        self.browser.ask("POST", "/window", handle=self.handle)
        return self.browser.ask(method, path, **parameters)

    def go(self, url):
        self.ask("POST", "/url", url=url)

    def reload(self):
        self.ask("POST", "/refresh")

    def run(self, body, *given):
        """What the body of an async function returns, `given` its arguments. It may take PATIENCE."""
        result = self.ask("POST", "/execute/async", script=WRAPPED % body, args=given)
        assert "error" not in result, result["error"]
        return result.get("value")

    def type(self, selector, keys):
        """As somebody at the keyboard, into the one element that matches."""
        element = self.ask("POST", "/element", using="css selector", value=selector)[ELEMENT]
        self.ask("POST", f"/element/{element}/value", text=keys)

    def texts(self, selector):
        """What is shown of all elements that match."""
        return self.run("return [...document.querySelectorAll(given[0])].map((each) => each.innerText)", selector)

    def until(self, condition):
        """Wait until condition() of the page."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"never came true; the page shows {self.texts('body')}"
            time.sleep(GLANCE)

    def close(self):
        """Also if it is closed."""
        if self.handle not in self.browser.ask("GET", "/window/handles"):
            return
        self.ask("DELETE", "/window")
        self.browser.ask("POST", "/window", handle=self.browser.first)  # one has to be the one that is spoken of
