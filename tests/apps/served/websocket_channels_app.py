"""Django Channels' consumers, for test_websocket_frameworks.py: what its first lines say, a consumer in threads, and
groups of a channel layer."""

from channels.exceptions import DenyConnection
from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer, WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

from tests.apps.served.control import controlled, note

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="of a test",
    ROOT_URLCONF=__name__,
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
    USE_TZ=True,
)
urlpatterns = []


def key_of(consumer):
    return consumer.scope["query_string"].decode().removeprefix("key=")


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):
        await self.send(text_data, bytes_data)

    async def disconnect(self, code):
        note(key_of(self), code)


class Threads(WebsocketConsumer):
    """Its methods run in threads."""

    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data, bytes_data)

    def disconnect(self, code):
        note(key_of(self), code)


class Json(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content):
        await self.send_json({"got": content})


class Subprotocol(AsyncJsonWebsocketConsumer):
    async def connect(self):
        offered = self.scope["subprotocols"]
        await self.accept(offered[-1], [(b"x-accepted", b"yes")])
        await self.send_json(offered, close=True)


class Closes(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept()
        await self.send("last")
        await self.close(4001, "enough")


class Rejects(AsyncWebsocketConsumer):
    async def connect(self):
        raise DenyConnection


class Items(AsyncJsonWebsocketConsumer):
    async def connect(self):
        await self.accept()
        headers = dict(self.scope["headers"])
        await self.send_json({
            "number": self.scope["url_route"]["kwargs"]["number"],
            "verbose": self.scope["query_string"].decode().removeprefix("verbose="),
            "url": f"{self.scope['scheme']}://{headers[b'host'].decode()}{self.scope['path']}"
                   f"?{self.scope['query_string'].decode()}",
            "cookie": headers[b"cookie"].decode().removeprefix("a="),
        }, close=True)


class Fails(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept()
        raise ZeroDivisionError("a bug of the app")


class Room(AsyncWebsocketConsumer):
    """What one says all in the room hear."""
    groups = ("room",)

    async def receive(self, text_data=None, bytes_data=None):
        await self.channel_layer.group_send("room", {"type": "said", "text": text_data})

    async def said(self, event):
        await self.send(event["text"])


consumers = (Echo, Threads, Json, Subprotocol, Closes, Rejects, Fails, Room)
app = controlled(ProtocolTypeRouter({
    "http": get_asgi_application(),
    "websocket": URLRouter([
        *(path(consumer.__name__.lower(), consumer.as_asgi()) for consumer in consumers),
        path("items/<int:number>", Items.as_asgi()),
    ]),
}))
