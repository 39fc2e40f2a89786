"""Who imports whom: the picture in docs/ARCHITECTURE.md, held against the sources."""

import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each module, and the modules of ours that it may know. Names are unique over both packages.
PICTURE = {
    # fastsrv: once per process
    "__init__": "worker",
    "__main__": "",
    "worker": "server lifespan forwarded dispatch config access",
    "server": "lifespan dispatch config http context clock",
    "access": "cycle",
    "dispatch": "cycle",
    "forwarded": "request names",
    "lifespan": "",
    "config": "",
    # fastsrv_ext: per connection, per request, per byte
    "http": "reader cycle scope request response context clock state",
    "reader": "cycle head request",
    "cycle": "request response context clock",
    "scope": "request context",
    "head": "request names context",
    "request": "names context",
    "names": "",
    "context": "clock",
    "response": "",
    "clock": "state",
    "state": "",
}
SOURCES = sorted(path for package in ("fastsrv", "fastsrv_ext") for path in (ROOT / package).iterdir()
                 if path.suffix in (".py", ".pyx", ".pxd"))
COMPILED = [path for path in SOURCES if path.suffix in (".pyx", ".pxd")]
IMPORT = re.compile(r"^\s*(?:from|c?import)\s+(fastsrv\w*)(?:\.(\w+))?(.*)$", re.MULTILINE)


def title(path):
    return str(path.relative_to(ROOT))


def test_every_module_is_in_the_picture():
    assert {path.stem for path in SOURCES} == set(PICTURE)


@pytest.mark.parametrize("path", SOURCES, ids=title)
def test_imports_are_those_of_the_picture(path):
    imported = {name for _, name, _ in IMPORT.findall(path.read_text())}
    assert imported <= {path.stem, *PICTURE[path.stem].split()}


def test_the_picture_points_downwards():
    done = set()
    while done != set(PICTURE):
        ready = {name for name in PICTURE if name not in done and done.issuperset(PICTURE[name].split())}
        assert ready, f"a ring among {sorted(set(PICTURE) - done)}"
        done |= ready


@pytest.mark.parametrize("path", COMPILED, ids=title)
def test_compiled_modules_know_nothing_of_the_python_ones(path):
    assert {package for package, _, _ in IMPORT.findall(path.read_text())} <= {"fastsrv_ext"}


@pytest.mark.parametrize("path", COMPILED, ids=title)
def test_modules_meet_by_cimport(path):
    """An included file would have no table of contents of its own."""
    assert not re.search(r"^\s*include\s", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", [path for path in COMPILED if path.stem != "http"], ids=title)
def test_only_http_touches_a_transport(path):
    """Comments and docstrings may speak of it."""
    with path.open() as source:
        tokens = list(tokenize.generate_tokens(source.readline))
    assert "transport" not in {token.string for token in tokens if token.type == tokenize.NAME}
