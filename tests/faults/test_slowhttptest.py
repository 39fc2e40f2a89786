"""slowhttptest, a program of others (Debian: apt-get install slowhttptest), in all its modes at once."""

import re
import shutil
import subprocess

import pytest

from tests.faults.trial import SHORT_HEADS
from tests.support.servers import PATIENCE

MODES = {
    "slow heads": "-H -i 1 -u {url}/echo/0",
    "slow bodies": "-B -i 1 -s 100000 -u {url}/echo/0",
    "slow reading": "-X -k 3 -n 1 -w 10 -y 20 -z 32 -u {url}/whole/0",
    "ranges": "-R -t HEAD -a 5 -b 500 -u {url}/echo/0",
}
COLOUR = re.compile(r"\x1b\[[\d;]*m")
MARK = 0.5  # share of their connections that is seen open at some time


@pytest.mark.skipif(not shutil.which("slowhttptest"), reason="slowhttptest is not installed: apt-get install it")
def test_all_modes_at_once(trial, long):
    count = 1000 if long else 200
    with trial("slowhttptest, four modes", "--worker-connections", "10000", config=SHORT_HEADS) as running:
        programs = {}
        try:
            for name, options in MODES.items():
                options = f"-c {count} -r {count} -l {PATIENCE * 4} {options}".format(
                    url=f"http://127.0.0.1:{running.port}")
                programs[name] = subprocess.Popen(
                    ["slowhttptest", *options.split()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            running.until(lambda state: state["connections"] > count * MARK)
            running.alone()
            for name, program in programs.items():
                if name == "slow reading":  # it reads too slowly to learn that its connections have ended
                    assert program.poll() is None
                    continue
                output, _ = program.communicate(timeout=PATIENCE)
                verdicts = re.findall("service available: *(\\w+)", COLOUR.sub("", output))
                assert set(verdicts) == {"YES"}, output
                assert "No open connections left" in output
        finally:
            for program in programs.values():
                program.kill()
                program.wait()
                program.stdout.close()
