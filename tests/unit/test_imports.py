"""Who imports whom: the picture in docs/ARCHITECTURE.md is that of the code, and nothing in the compiled half
imports the Python half."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORT = re.compile(r"^(?:from|import) +(fastsrv(?:_ext)?)\.(\w+)", re.MULTILINE)
ARROW = re.compile(r"^(\w+) +-> (.+)$", re.MULTILINE)


def sources():
    return [*ROOT.glob("fastsrv/*.py"), *ROOT.glob("fastsrv_ext/*.pyx"), *ROOT.glob("fastsrv_ext/*.pxd")]


def test_picture_in_architecture_is_the_codes():
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    picture = text.split("## Who imports whom")[1].split("```")[1]
    drawn = {
        module: set() if names in ("nothing", "gunicorn alone") else set(names.split(", "))
        for module, names in ARROW.findall(picture)
    }
    found = {}
    for source in sources():
        names = {name for _, name in IMPORT.findall(source.read_text())}
        found.setdefault(source.stem, set()).update(names - {source.stem})
    assert drawn == {module: names for module, names in found.items() if names or module in drawn}


def test_compiled_half_imports_nothing_of_the_python_half():
    for source in ROOT.glob("fastsrv_ext/*.p*"):
        assert "fastsrv" not in {package for package, _ in IMPORT.findall(source.read_text())}, source
