"""docs/DEPLOY.md names each file of deploy/."""

from tests.support.deployed import DEPLOY
from tests.support.servers import ROOT


def test_each_file_is_named():
    text = (ROOT / "docs/DEPLOY.md").read_text()
    for file in DEPLOY.rglob("*"):
        if file.is_file():
            assert f"deploy/{file.relative_to(DEPLOY).as_posix()}" in text, file
