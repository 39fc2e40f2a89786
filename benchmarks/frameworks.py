"""A Starlette and a FastAPI application with one JSON route each. No part of the suite calls them; a server is
told `benchmarks.frameworks:starlette`."""

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

MESSAGE = {"message": "Hello, World!"}


async def hello(request):
    return JSONResponse(MESSAGE)


starlette = Starlette(routes=[Route("/", hello)])

fastapi = FastAPI(openapi_url=None)


@fastapi.get("/")
async def message() -> dict[str, str]:
    return MESSAGE
