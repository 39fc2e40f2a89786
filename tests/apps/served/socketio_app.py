"""A Socket.IO application, python-socketio's, for test_socketio.py."""

import socketio

from tests.apps.served.control import controlled, note

sio = socketio.AsyncServer(async_mode="asgi")


@sio.event
async def connect(sid, environ, auth):
    if auth == {"token": "wrong"}:
        raise socketio.exceptions.ConnectionRefusedError("no such token")
    await sio.save_session(sid, {"auth": auth})


@sio.event
async def echo(sid, data):
    return data


@sio.event
async def answers(sid, data):
    await sio.emit("answer", {"got": data}, to=sid)


@sio.event
async def asks(sid, question):
    return await sio.call("question", question, to=sid)


@sio.event
async def session(sid):
    return await sio.get_session(sid)


@sio.event
async def enter(sid, room):
    await sio.enter_room(sid, room)


@sio.event
async def say(sid, room, text):
    await sio.emit("said", text, room=room)


@sio.event
async def leave(sid):
    await sio.disconnect(sid)


@sio.event
async def disconnect(sid, reason):
    session = await sio.get_session(sid)
    if session["auth"] is not None:
        note(session["auth"]["key"], reason)


app = controlled(socketio.ASGIApp(sio))
