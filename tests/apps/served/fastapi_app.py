"""A FastAPI application, for test_fastapi.py."""

import contextlib
import hashlib
import threading
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import BackgroundTasks, Depends, FastAPI, Form, HTTPException, Request, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from tests.apps.served.control import controlled, gate, note


@contextlib.asynccontextmanager
async def lifespan(app):
    yield {"greeting": "from the lifespan"}


fastapi = FastAPI(lifespan=lifespan)


class Item(BaseModel):
    name: str
    price: float
    tags: list[str] = []


@fastapi.post("/items/{number}")
async def item(number: int, item: Item, verbose: bool = False) -> dict[str, Item | int | bool]:
    return {"number": number, "item": item, "verbose": verbose}


@fastapi.get("/stream")
async def stream() -> StreamingResponse:
    async def pieces():
        for number in range(100):
            yield f"{number}\n"
            await anyio.sleep(0)

    return StreamingResponse(pieces(), media_type="text/plain")


@fastapi.get("/events")
async def events(key: str) -> StreamingResponse:
    """Server-sent events until the client has gone."""
    async def pieces():
        try:
            yield "event: first\ndata: 1\n\n"
            await gate(key)
            while True:
                yield "data: more\n\n"
                await anyio.sleep(0)
        finally:
            note(key, "ended")

    return StreamingResponse(pieces(), media_type="text/event-stream", headers={"cache-control": "no-cache"})


@fastapi.post("/upload")
async def upload(file: UploadFile, note: Annotated[str, Form()]) -> dict[str, str | int | None]:
    content = await file.read()
    return {
        "filename": file.filename, "type": file.content_type, "size": len(content), "note": note,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


@fastapi.post("/background")
async def background(key: str, tasks: BackgroundTasks) -> str:
    async def work():
        await gate(key)
        note(key, "done")

    tasks.add_task(work)
    return "answered"


@fastapi.get("/state")
async def state(request: Request) -> str:
    return request.state.greeting


def blocking_dependency() -> str:
    """A plain function: FastAPI calls it in a thread, by anyio.to_thread."""
    return threading.current_thread().name


@fastapi.get("/threads")
def threads(dependency: Annotated[str, Depends(blocking_dependency)]) -> list[str]:
    return [threading.main_thread().name, dependency, threading.current_thread().name]


@fastapi.get("/to_thread")
async def to_thread() -> list[str]:
    name = await anyio.to_thread.run_sync(lambda: threading.current_thread().name)
    return [threading.current_thread().name, name]


async def resource(key: str):
    note(key + "-opened")
    try:
        yield "resource"
    except ZeroDivisionError:
        note(key + "-closed", "after an error")
        raise
    else:
        note(key + "-closed", "in order")


@fastapi.get("/resource")
async def uses(resource: Annotated[str, Depends(resource)], fails: bool = False) -> str:
    if fails:
        raise ZeroDivisionError("a bug of the app")
    return resource


async def borrowed(key: str):
    """As a session of a database is: given back whatever happens."""
    try:
        yield "borrowed"
    finally:
        await anyio.sleep(0.01)
        note(key + "-given-back")


@fastapi.get("/sleeps")
async def sleeps(borrowed: Annotated[str, Depends(borrowed)], key: str) -> str:
    note(key + "-started")
    await gate(key)
    return borrowed


async def forbids() -> None:
    raise HTTPException(403, "not for you")


async def is_broken() -> None:
    raise ZeroDivisionError("a bug of a dependency")


@fastapi.get("/forbidden", dependencies=[Depends(forbids)])
@fastapi.get("/broken", dependencies=[Depends(is_broken)])
async def never() -> str:
    return "never"


app = controlled(fastapi)
