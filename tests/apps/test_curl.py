"""curl as a client: HTTP/1.0, attempts to upgrade to HTTP/2, uploads from a pipe, Expect: 100-continue, HEAD, reuse."""

import hashlib
import json
import shutil
import subprocess

import pytest

from tests.support.servers import PATIENCE

SERVED = "plain_app"
CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="needs curl")
BODY = bytes(range(256)) * 12_000  # 3 MB


@pytest.fixture
def curl(server, tmp_path):
    """curl(*options, *paths, input=b"") -> what it prints; a path on the server begins with a slash."""

    def run(*arguments, input=b""):
        arguments = [server.url + argument if argument.startswith("/") else argument for argument in arguments]
        command = [CURL, "--disable", "--noproxy", "*", "--silent", "--show-error", "--max-time", str(PATIENCE)]
        done = subprocess.run([*command, *arguments], input=input, capture_output=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr.decode()
        run.log = done.stderr.decode()
        return done.stdout

    return run


@pytest.fixture
def upload(tmp_path):
    (tmp_path / "upload").write_bytes(BODY)
    return "upload"  # curl runs there


@pytest.fixture(scope="session")
def http2():
    features = subprocess.run([CURL, "--version"], capture_output=True, check=True).stdout
    if b" HTTP2 " not in features:
        pytest.skip("needs a curl that knows HTTP/2")


def is_body(answer, size=None):
    """Does /describe tell of a body of BODY's first `size` bytes (all of them)?"""
    size = len(BODY) if size is None else size
    seen = json.loads(answer)
    return seen["size"] == size and seen["sha256"] == hashlib.sha256(BODY[:size]).hexdigest()


def test_get(curl):
    assert curl("/length", "--write-out", " %{http_version} %{http_code}") == b"Hello, world! 1.1 200"
    assert curl("/stream") == b"Hello, world!"
    assert curl("--raw", "/stream") == b"7\r\nHello, \r\n5\r\nworld\r\n1\r\n!\r\n0\r\n\r\n"
    assert curl("/large_stream") == BODY[:65536] * 48


def test_head(curl):
    assert curl("--head", "/length").startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 13\r\n" in curl("--head", "/stream_with_length")
    assert b"transfer-encoding: chunked\r\n" in curl("--head", "/stream")


def test_http_1_0(curl):
    assert curl("--http1.0", "/length") == b"Hello, world!"
    assert curl("--http1.0", "/stream") == b"Hello, world!"
    assert b"transfer-encoding" not in curl("--http1.0", "--include", "/stream")
    assert curl("--http1.0", "--data", "a=1", "/echo") == b"a=1"
    assert json.loads(curl("--http1.0", "/describe"))["version"] == "1.0"


def test_connection_is_reused(curl):
    answers = curl("/length", "/stream", "/no_content", "/echo", "--write-out", " %{num_connects}\n")
    assert [line.split()[-1] for line in answers.splitlines()] == [b"1", b"0", b"0", b"0"]


def test_connection_is_closed_if_asked_for(curl):
    answers = curl(
        "--header", "Connection: close", "--include", "/length", "/length", "--write-out", " %{num_connects}\n")
    assert answers.count(b"connection: close\r\n") == 2
    assert [line.split()[-1] for line in answers.splitlines() if line.startswith(b"Hello")] == [b"1", b"1"]


@pytest.mark.usefixtures("http2")
def test_offer_to_upgrade_is_ignored(curl):
    answers = curl("--http2", "/describe", "/describe", "--write-out", "\n%{http_version} %{num_connects}\n")
    first, how, second, how_then = answers.splitlines()
    assert json.loads(first)["headers"]["upgrade"] == "h2c"
    assert json.loads(second)["path"] == "/describe"
    assert [how, how_then] == [b"1.1 1", b"1.1 0"]


@pytest.mark.usefixtures("http2")
@pytest.mark.parametrize("size", [1, 1000, len(BODY)])
def test_offer_to_upgrade_with_a_body_is_ignored_and_the_body_read(curl, size):
    options = ["--http2", "--data-binary", "@-", "--header", "Expect:"]
    assert is_body(curl(*options, "/describe", input=BODY[:size]), size)
    assert curl(*options, "/echo", input=BODY[:size]) == BODY[:size]


@pytest.mark.usefixtures("http2")
def test_offer_to_upgrade_with_a_chunked_body_is_ignored_and_the_body_read(curl):
    assert is_body(curl("--http2", "--upload-file", "-", "/describe", input=BODY))


def test_upload_from_a_pipe_is_chunked(curl):
    answer = curl("--upload-file", "-", "/describe", input=BODY)
    assert is_body(answer)
    assert json.loads(answer)["headers"]["transfer-encoding"] == "chunked"


def test_upload_of_nothing_from_a_pipe(curl):
    assert is_body(curl("--upload-file", "-", "/describe", input=b""), 0)


def test_upload_of_a_file(curl, upload):
    answer = curl("--upload-file", upload, "/describe")
    assert is_body(answer)
    assert json.loads(answer)["headers"]["content-length"] == str(len(BODY))


def test_uploads_on_one_connection(curl, upload):
    answers = curl(
        "--upload-file", upload, "/describe", "--upload-file", upload, "/describe",
        "--write-out", "\n%{num_connects}\n").splitlines()
    assert is_body(answers[0]) and is_body(answers[2])
    assert answers[1::2] == [b"1", b"0"]


@pytest.mark.parametrize("source", ["-", "upload"])
@pytest.mark.usefixtures("upload")
def test_client_that_waits_for_100_continue_is_told_to_go_on(curl, source):
    # Left alone, curl would wait for longer than its --max-time.
    answer = curl(
        "--verbose", "--expect100-timeout", "1000", "--header", "Expect: 100-continue",
        "--upload-file", source, "/describe", input=BODY)
    assert is_body(answer)
    assert curl.log.count("< HTTP/1.1 100 Continue") == 1


def test_client_that_waits_for_100_continue_gets_its_answer_if_nobody_reads_its_body(curl, upload):
    answer = curl(
        "--verbose", "--expect100-timeout", "1000", "--header", "Expect: 100-continue",
        "--upload-file", upload, "/length")
    assert answer == b"Hello, world!"
    assert "100 Continue" not in curl.log


def test_form_with_a_file(curl, upload):
    seen = json.loads(curl("--form", f"file=@{upload}", "--form", "note=x", "/describe"))
    assert seen["size"] > len(BODY)
    assert seen["headers"]["content-type"].startswith("multipart/form-data; boundary=")


def test_unusual_targets(curl):
    assert json.loads(curl("--path-as-is", "/describe/../%2e/é?a=[1]", "--globoff"))["path"] == "/describe/.././é"
    assert json.loads(curl("--request-target", "http://other:81/describe/x?y", "/"))["headers"]["host"] == "other:81"
    assert json.loads(curl("--request", "PROPFIND", "/describe"))["method"] == "PROPFIND"
