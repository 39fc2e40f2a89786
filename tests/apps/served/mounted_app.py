"""Applications of Starlette and FastAPI with mounts and files, for test_root_path.py: served below a prefix."""

import tempfile
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

FILES = Path(tempfile.mkdtemp())
(FILES / "a.txt").write_text("of a file")


async def where(request):
    return JSONResponse({
        "root_path": request.scope["root_path"], "path": request.scope["path"],
        "raw_path": request.scope["raw_path"].decode(), "url": str(request.url), "for": str(request.url_for("where")),
    })


async def talk(websocket):
    await websocket.accept()
    await websocket.send_json([websocket.scope["root_path"], websocket.scope["path"]])
    await websocket.close()


fastapi = FastAPI()


@fastapi.get("/items/{number}")
async def item(request: Request, number: int):
    return {"number": number, "url": str(request.url_for("item", number=number))}


sub = FastAPI()


@sub.get("/own")
async def own(request: Request):
    return {"root_path": request.scope["root_path"], "path": request.scope["path"]}


fastapi.mount("/sub", sub)
fastapi.mount("/files", StaticFiles(directory=FILES))
starlette = Starlette(routes=[
    Route("/where", where), WebSocketRoute("/talk", talk),
    Mount("/files", StaticFiles(directory=FILES)), Mount("/fastapi", fastapi),
    Mount("/api", routes=[Route("/where", where, name="inner")]),
])


async def app(scope, receive, send):
    """One behind the other's prefix: FastAPI alone is asked for by its Host."""
    is_fastapi = dict(scope.get("headers", ())).get(b"host") == b"fastapi"
    await (fastapi if is_fastapi else starlette)(scope, receive, send)
