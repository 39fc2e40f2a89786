"""fastsrv/application.py: what is said of a name that leads to no app. gunicorn's own import does the looking."""

import sys
from types import SimpleNamespace

import pytest
from gunicorn.errors import AppImportError
from gunicorn.util import import_app

from fastsrv.application import load


@pytest.fixture
def find(tmp_path, monkeypatch):
    """find(name) -> the app of that name, in a folder with shop/{__init__,main,broken}.py"""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "main.py").write_text("async def app(scope, receive, send): pass\ndef create_app(): return app")
    (package / "broken.py").write_text("import shop.nowhere")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield lambda name: load(SimpleNamespace(app_uri=name, wsgi=lambda: import_app(name)))
    for module in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[module]


@pytest.mark.parametrize("name", ["shop.main:app", "shop.main:create_app()"])
def test_app_is_loaded_by_its_name(find, name):
    assert find(name).__name__ == "app"


@pytest.mark.parametrize(("name", "message"), [
    ("shop/main.py:app", "names a file: write the module, 'shop.main:app'"),
    ("shop/main:app", "names a file: write the module, 'shop.main:app'"),
    ("shop.main.app", r"is no module 'shop.main.app' in .* \(or is 'shop.main:app' meant\?\)$"),
    ("shop.other:app", "is no module 'shop.other' in .*--chdir and --pythonpath add to$"),
    ("nowhere.main:app", "is no module 'nowhere.main' in "),
    (":app", "^':app' names no module: write 'module:app'"),
    (".main:app", "^'.main:app' names no module"),
    ("", "^'' names no module"),
    ("shop.main", r"'application' in 'shop.main'. \('shop.main:app' would be its 'app'"),
    ("shop.main:other", "^'shop.main:other' .* attribute 'other' in 'shop.main'.$"),
    ("shop.main:create_app", r"'shop.main:create_app\(\)'.$"),
])
def test_name_that_leads_to_no_app_is_answered_with_a_sentence(find, name, message):
    with pytest.raises(AppImportError, match=message):
        find(name)


def test_module_that_the_app_does_not_find_is_an_error_of_the_apps(find):
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'shop.nowhere'"):
        find("shop.broken:app")
