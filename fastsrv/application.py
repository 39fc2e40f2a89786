"""The app: how it is loaded, and why what was named is no ASGI 3 application.

Calls no app: fastsrv/dispatch.py does. fastsrv/worker.py loads it here, and so does fastsrv/cli.py, to look.
"""

from __future__ import annotations

import inspect
import os
from typing import Any

from gunicorn.errors import AppImportError

WANTED = "fastsrv serves ASGI 3 applications, called as `await app(scope, receive, send)`"
ANY = "module:app"  # for who has given no name


class NotASGI(AppImportError):
    """An app that cannot be an ASGI 3 application. The text says what it looks like and what to do."""


def load(application: Any) -> Any:
    """The app that gunicorn's `application` names. Raises AppImportError, whose text is a sentence for the user, if
    that names nothing, or no ASGI 3 application, or exits (then from its SystemExit); and whatever else the app's own
    code raises."""
    uri: str | None = getattr(application, "app_uri", None)  # an application of the user's own may have none
    if uri is not None and uri[:1] in ("", ".", ":"):
        raise AppImportError(f"{uri!r} names no module: write {ANY!r}")
    try:
        app = application.wsgi()
    except AppImportError as error:
        behind = "" if ":" in (uri or ":") else f" ('{uri}:app' would be its 'app')"
        raise AppImportError(f"{uri!r} cannot be served: {error}{behind}") from None
    except ImportError as error:
        if uri is None or not is_missing(uri.partition(":")[0], error):
            raise
        raise AppImportError(not_there(uri)) from None
    except SystemExit as exit:
        raise AppImportError(f"{uri!r} cannot be served: it exits when it is loaded (SystemExit: {exit})") from exit
    check_app(app, uri or ANY)
    return app


def is_missing(module: str, error: ImportError) -> bool:
    """Is it `module` that is not there, or a package of its, and not something else that it imports?"""
    cause = error if isinstance(error, ModuleNotFoundError) else error.__context__  # gunicorn words one of its own
    return isinstance(cause, ModuleNotFoundError) and f"{module}.".startswith(f"{cause.name}.")


def not_there(uri: str) -> str:
    """What to say of an app whose module is not there."""
    module, colon, name = uri.partition(":")
    dotted = module.removesuffix(".py").replace("/", ".")
    if dotted != module:
        return f"{uri!r} names a file: write the module, {dotted + colon + name!r}"
    package, dot, last = module.rpartition(".")
    colon_meant = f" (or is {f'{package}:{last}'!r} meant?)" if dot and not colon else ""
    return (f"{uri!r} cannot be served: there is no module {module!r} in {os.getcwd()}, nor elsewhere in Python's "
            f"path, which --chdir and --pythonpath add to{colon_meant}")


def check_app(app: Any, uri: str = ANY) -> None:
    """Raise NotASGI unless `app` can be called as app(scope, receive, send). uri: the name that it was asked for by.
    Never calls it: a factory may do anything."""
    if not callable(app):
        raise NotASGI(f"{app!r} is not callable; {WANTED}")
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):
        return  # some callables do not tell; the first request will
    if any(map(inspect.isasyncgenfunction, (app, type(app).__call__))):
        raise NotASGI(f"{app!r} is an asynchronous generator function, as it has a yield, and nobody can await it; "
                      f"{WANTED}.")
    called = f"{uri if ':' in uri else uri + ':application'}()"
    is_async = inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)
    is_plain_class = inspect.isclass(app) and not hasattr(app, "__await__")  # its instances cannot be awaited
    without = accepts(signature, 0)
    is_factory = without and inspect.isroutine(app) and not is_async and not takes_any(signature)
    if accepts(signature, 3) and not is_plain_class and not is_factory:
        return
    if is_plain_class and makes_apps(app):
        instance = repr(called) if without else f"with what it takes: {called[:-1] + '...)'!r}"
        raise NotASGI(f"{app!r} is a class, and its instances are the applications; {WANTED}. "
                      f"Name an instance, {instance}, or a variable that holds one.")
    if is_async and without:
        raise NotASGI(f"{app!r} is a coroutine function without arguments; {WANTED}. "
                      "If it is a factory, make it a plain function: gunicorn awaits none.")
    if without:
        raise NotASGI(f"{app!r} takes no arguments, as a factory does; {WANTED}. "
                      f"Name a factory with parentheses: {called!r}.")
    if accepts(signature, 2) and not is_async:
        raise NotASGI(
            f"{app!r} takes two arguments, as a WSGI application does; {WANTED}. "
            "Serve it with gunicorn's own workers, or wrap it in a2wsgi.WSGIMiddleware. "
            "(Django's ASGI application is in asgi.py.)")
    if accepts(signature, 1) and not is_async:
        raise NotASGI(
            f"{app!r} takes one argument, as an ASGI 2 application or a factory does; {WANTED}. "
            "Wrap an ASGI 2 application in asgiref.compatibility.guarantee_single_callable; "
            f"name a factory with parentheses, and what it takes: {called[:-1] + '...)'!r}.")
    raise NotASGI(f"{app!r} cannot be called with three arguments; {WANTED}")


def accepts(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def takes_any(signature: inspect.Signature) -> bool:
    """As a decorator's function does: *args."""
    return any(parameter.kind is parameter.VAR_POSITIONAL for parameter in signature.parameters.values())


def makes_apps(kind: type) -> bool:
    """Can instances of this class be called as an ASGI 3 application?"""
    call = next((vars(base)["__call__"] for base in kind.__mro__ if "__call__" in vars(base)), None)
    return inspect.isfunction(call) and accepts(inspect.signature(call), 4)  # self, too
