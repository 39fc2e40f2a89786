"""The shapes in which real users bring their applications, and those that are none."""

import asyncio
import functools

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from fastsrv.application import NotASGI, check_app
from tests.support.answers import answering
from tests.support.apps import hello
from tests.support.servers import read_response
from tests.support.wire import get


def plain_function(scope, receive, send):
    """As frameworks' decorators leave it: it returns a coroutine."""
    return hello(scope, receive, send)


class Instance:
    async def __call__(self, scope, receive, send):
        await hello(scope, receive, send)

    async def method(self, scope, receive, send):
        await hello(scope, receive, send)

    @classmethod
    async def class_method(cls, scope, receive, send):
        await hello(scope, receive, send)

    @staticmethod
    async def static_method(scope, receive, send):
        await hello(scope, receive, send)


class Awaitable:
    """Called with three arguments it gives an instance that can be awaited (an ASGI 3 class, as Quart had)."""

    def __init__(self, scope, receive, send):
        self.arguments = scope, receive, send

    def __await__(self):
        return hello(*self.arguments).__await__()


async def with_more(prefix, scope, receive, send, *, option=None):
    await hello(scope, receive, send)


async def with_defaults(scope, receive, send, more=None):
    await hello(scope, receive, send)


async def with_any(*arguments, **named):
    await hello(*arguments)


def plain_with_any(*arguments, **named):
    return hello(*arguments)


@functools.wraps(hello)
def wrapped(*arguments):
    return hello(*arguments)


def future(scope, receive, send):
    return asyncio.ensure_future(hello(scope, receive, send))


SHAPES = {
    "coroutine function": hello,
    "plain function": plain_function,
    "lambda": lambda scope, receive, send: hello(scope, receive, send),
    "instance": Instance(),
    "bound method": Instance().method,
    "class method": Instance.class_method,
    "static method": Instance.static_method,
    "class": Awaitable,
    "partial": functools.partial(with_more, "prefix", option=1),
    "defaults": with_defaults,
    "any arguments": with_any,
    "plain function of any arguments": plain_with_any,
    "wrapped": wrapped,
    "future": future,
}


@pytest.mark.parametrize("app", SHAPES.values(), ids=SHAPES.keys())
def test_shape_is_served(wire, app):
    check_app(app)
    assert wire(app).send(get()).output.endswith(b"Hello, world!")


# --- what stops the start ---


def wsgi(environ, start_response):
    return [b""]


class WSGI:
    def __call__(self, environ, start_response):
        return [b""]


class ASGI2:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        pass


def asgi_2(scope):
    return hello


def factory():
    raise AssertionError("a factory is not called")


def factory_with_options(config=None, database=None, debug=False):
    raise AssertionError("a factory is not called")


async def async_factory():
    return hello


async def two_arguments(scope, receive):
    pass


def keyword_only(scope, receive, *, send):
    pass


async def generator(scope, receive, send):
    yield


class Generator:
    async def __call__(self, scope, receive, send):
        yield


class WithOptions(Instance):
    def __init__(self, config, *, debug=False):
        pass


@pytest.mark.parametrize(("app", "looks_like", "way_out"), [
    (generator, "is an asynchronous generator function", "has a yield"),
    (functools.partial(generator), "is an asynchronous generator function", "has a yield"),
    (Generator(), "is an asynchronous generator function", "has a yield"),
    (WithOptions, "is a class, and its instances are the applications",
     "Name an instance, with what it takes: 'module:app(...)', or"),
    (wsgi, "takes two arguments, as a WSGI application does", "a2wsgi.WSGIMiddleware"),
    (WSGI(), "takes two arguments, as a WSGI application does", "gunicorn's own workers"),
    (ASGI2, "takes one argument, as an ASGI 2 application or a factory does", "guarantee_single_callable"),
    (asgi_2, "takes one argument, as an ASGI 2 application or a factory does", "'module:app(...)'"),
    (factory, "takes no arguments, as a factory does", "'module:app()'"),
    (factory_with_options, "takes no arguments, as a factory does", "'module:app()'"),
    (async_factory, "is a coroutine function without arguments", "make it a plain function"),
    (two_arguments, "cannot be called with three arguments", ""),
    (Instance, "is a class, and its instances are the applications", "Name an instance, 'module:app()', or"),
    (Starlette, "is a class, and its instances are the applications", "Name an instance, 'module:app()', or"),
    (FastAPI, "is a class, and its instances are the applications", "Name an instance, 'module:app()', or"),
    (WSGI, "takes no arguments, as a factory does", "'module:app()'"),
    (keyword_only, "cannot be called with three arguments", ""),
    ("module:app", "is not callable", ""),
    (None, "is not callable", ""),
])
def test_what_is_no_asgi_3_app_is_told_what_it_looks_like(app, looks_like, way_out):
    with pytest.raises(NotASGI) as error:
        check_app(app)
    text = str(error.value)
    assert text.startswith(repr(app))
    assert looks_like in text and way_out in text
    assert "`await app(scope, receive, send)`" in text


def test_callable_that_does_not_tell_its_arguments_is_given_a_chance(wire):
    """As some builtins and compiled functions; the first request will tell."""
    class Silent(Instance):
        __signature__ = "a secret"

    check_app(Silent())
    assert wire(Silent()).send(get()).output.endswith(b"Hello, world!")


# --- lifespan `auto`: an app that does not know it is served without ---


async def answers_http_to_everything(scope, receive, send):
    await hello(scope, receive, send)


async def raises_on_lifespan(scope, receive, send):
    assert scope["type"] == "http"
    await hello(scope, receive, send)


async def returns_on_lifespan(scope, receive, send):
    if scope["type"] == "http":
        await hello(scope, receive, send)


async def raises_when_it_has_received(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        raise NotImplementedError
    await hello(scope, receive, send)


def plain_function_that_raises(scope, receive, send):
    if scope["type"] == "lifespan":
        raise KeyError(scope["type"])
    return hello(scope, receive, send)


@pytest.mark.parametrize("app", [
    answers_http_to_everything, raises_on_lifespan, returns_on_lifespan, raises_when_it_has_received,
    plain_function_that_raises,
])
def test_app_that_does_not_know_lifespan_is_served_without(serve, app, caplog):
    states = []

    async def noting(scope, receive, send):
        states.append(scope["state"])
        await app(scope, receive, send)

    with serve(noting).connect() as connection:
        connection.sendall(get())
        assert read_response(connection).body == b"Hello, world!"
    assert states == [{}, {}]  # of the lifespan scope, of the request's
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# --- middleware ---


def test_middleware_that_wraps_everything(wire):
    """Changes the scope, wraps receive() and send(), and puts them into tasks."""
    def middleware(app):
        async def wrapping(scope, receive, send):
            async def wrapped_receive():
                return await asyncio.create_task(receive())

            async def wrapped_send(event):
                if event["type"] == "http.response.start":
                    event = {**event, "headers": [*event["headers"], (b"x-wrapped", b"1")]}
                await asyncio.gather(send(event))

            scope["headers"].append((b"x-added", b"1"))
            await app({**scope, "path": "/other"}, wrapped_receive, wrapped_send)

        return wrapping

    async def app(scope, receive, send):
        assert (await receive())["type"] == "http.request"
        body = b"%s %d" % (scope["path"].encode(), (b"x-added", b"1") in scope["headers"])
        await answering(200, [], body)(scope, receive, send)

    it = wire(middleware(middleware(app))).send(get())
    assert it.output.endswith(b"/other 1")
    assert it.output.count(b"x-wrapped: 1\r\n") == 2
