"""Who imports whom: the picture in docs/ARCHITECTURE.md is that of the code, and nothing in the compiled half
imports the Python half."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORT = re.compile(r"^(?:from|import) +(fastsrv(?:_ext)?)\.([\w.]+)", re.MULTILINE)
ARROW = re.compile(r"^([\w.]+) +-> (.+)$", re.MULTILINE)

COMPILED = sorted([*ROOT.glob("fastsrv_ext/**/*.pyx"), *ROOT.glob("fastsrv_ext/**/*.pxd")])
STUBS = sorted(ROOT.glob("fastsrv_ext/**/*.pyi"))


def sources():
    return [*ROOT.glob("fastsrv/**/*.py"), *COMPILED]


def drawn_picture():
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    picture = text.split("## Who imports whom")[1].split("```")[1]
    return {
        module: set() if names in ("nothing", "gunicorn alone") else set(names.split(", "))
        for module, names in ARROW.findall(picture)
    }


def test_picture_in_architecture_is_the_codes():
    drawn = drawn_picture()
    found = {}
    for source in sources():
        names = {name for _, name in IMPORT.findall(source.read_text())}
        module = ".".join(source.relative_to(ROOT).with_suffix("").parts[1:])
        found.setdefault(module, set()).update(names - {module})
    assert drawn == {module: names for module, names in found.items() if names or module in drawn}


def test_compiled_half_imports_nothing_of_the_python_half():
    for source in [*COMPILED, *ROOT.glob("fastsrv_ext/**/*.py"), *ROOT.glob("fastsrv_ext/**/*.pyi")]:
        assert "fastsrv" not in {package for package, _ in IMPORT.findall(source.read_text())}, source


def test_contributing_says_where_to_look_for_each_module():
    rows = set(re.findall(r"`([\w/]+\.\w+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    named = {Path(row).name for row in rows}
    for source in sources():
        alone = source.suffix != ".pxd" or not source.with_suffix(".pyx").exists()
        assert not alone or source.stem == "__init__" or source.name in named, source


def test_picture_points_downwards():
    drawn, done = drawn_picture(), set()
    while drawn.keys() - done:
        ready = {module for module in drawn.keys() - done if done.issuperset(drawn[module] & drawn.keys())}
        assert ready, f"a ring among {sorted(drawn.keys() - done)}"
        done |= ready


# What the modules of a folder may import beside each other and the ground floor, which imports no folder. The folders
# of protocols do not know of each other: server.py knows them all.
FLOORS = {"wire": set(), "http": set(), "asgi": {"http", "wire"}}
PROTOCOLS = {"http1", "http2", "websocket"}


@pytest.mark.parametrize("path", [*COMPILED, *STUBS], ids=lambda path: "/".join(path.parts[-2:]))
def test_folder_imports_only_what_is_below(path):
    folder = path.parent.name if path.parent.name != "fastsrv_ext" else None
    allowed = {folder} | (FLOORS.get(folder, {*FLOORS}) if folder else set())
    imported = {name.split(".")[0] for _, name in IMPORT.findall(path.read_text()) if "." in name}
    assert imported <= allowed
    if folder in PROTOCOLS:
        others = PROTOCOLS - {folder}
        assert not others & set(re.findall(r"\w+", path.read_text()))


@pytest.mark.parametrize(
    "path", [path for path in COMPILED if path.stem not in ("connection", "sender", "tls")], ids=lambda path: path.name)
def test_only_three_modules_touch_a_transport(path):
    assert not re.search(r"\btransport\.\w|\.transport\b", path.read_text())
