"""sslscan and testssl.sh, programs of others that look for what is wrong with a server's TLS (Debian: apt-get install
sslscan testssl.sh), find nothing at the defaults. testssl.sh takes minutes, so it runs in the long form."""

import json
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

LONG = 600  # seconds that one of them may take
MODERN = {("tls", "1.2"), ("tls", "1.3")}
# What testssl.sh says of the tests' certificate (self-signed, for a hundred years), and of the machine that it runs on.
OF_THE_TESTS = ("cert_", "DNS_", "engine_problem", "scanTime")


@pytest.mark.skipif(not shutil.which("sslscan"), reason="sslscan is not installed: apt-get install it")
def test_sslscan_finds_nothing_to_complain_about(trial):
    with trial("sslscan", tls=True) as running:
        scan = subprocess.run(
            ["sslscan", "--xml=-", "--sni-name=localhost", f"127.0.0.1:{running.port}"],
            capture_output=True, check=True, timeout=LONG)
    found = ElementTree.fromstring(scan.stdout).find("ssltest")
    assert {
        (one.get("type"), one.get("version")) for one in found.iter("protocol") if one.get("enabled") == "1"} == MODERN
    ciphers = [*found.iter("cipher")]
    assert {cipher.get("sslversion") for cipher in ciphers} == {"TLSv1.2", "TLSv1.3"}
    for cipher in ciphers:
        assert "GCM" in cipher.get("cipher") or "CHACHA20" in cipher.get("cipher")
        assert cipher.get("strength") in ("strong", "acceptable")
    assert not [one for one in found.iter("group") if one.get("name").startswith("ffdhe")]
    assert [one.get("supported") for one in found.iter("renegotiation")] == ["0"]
    assert {one.get("supported") for one in found.iter("compression")} <= {"0"}
    assert {one.get("vulnerable") for one in found.iter("heartbleed")} <= {"0"}


@pytest.mark.skipif(not shutil.which("testssl"), reason="testssl.sh is not installed: apt-get install it")
def test_testssl_finds_nothing_to_complain_about(trial, long, tmp_path):
    if not long:
        pytest.skip("takes minutes: --long")
    with trial("testssl.sh", tls=True) as running:
        subprocess.run(
            ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--openssl", shutil.which("openssl"),
             "--jsonfile", tmp_path / "found", "--protocols", "--std", "--fs", "--server-preference",
             "--server-defaults", "--vulnerable", f"127.0.0.1:{running.port}/echo/0"],
            stdout=subprocess.DEVNULL, check=False, timeout=LONG)
    found = json.loads((tmp_path / "found").read_text())
    assert {"TLS1_2", "TLS1_3", "secure_client_renego", "LUCKY13", "ROBOT"} <= {each["id"] for each in found}
    assert [each for each in found
            if each["severity"] not in ("OK", "INFO") and not each["id"].startswith(OF_THE_TESTS)] == []
