"""Django's ASGI handler with its settings and views, for test_django.py."""

import asyncio
import hashlib
import threading

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import path

from tests.apps.served.control import controlled, gate, note

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="of a test",
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    USE_TZ=True,
)
PIECE = bytes(range(256)) * 256  # 64 KiB


async def async_view(request):
    await asyncio.sleep(0)
    return HttpResponse(f"async {request.GET.get('name', '')}", content_type="text/plain; charset=utf-8")


def sync_view(request):
    return JsonResponse({
        "main": threading.current_thread() is threading.main_thread(), "method": request.method,
        "host": request.get_host(), "agent": request.headers["user-agent"], "path": request.get_full_path(),
        "client": request.META["REMOTE_ADDR"],
    })


async def stream(request):
    async def pieces():
        for number in range(100):
            yield f"{number}\n"
            await asyncio.sleep(0)

    return StreamingHttpResponse(pieces(), content_type="text/plain")


async def endless(request):
    async def pieces():
        while True:
            yield PIECE

    return StreamingHttpResponse(pieces())


async def noted(request):
    async def pieces():
        try:
            while True:
                yield PIECE
                await asyncio.sleep(0)
        finally:
            note(request.GET["key"], "ended")

    return StreamingHttpResponse(pieces())


async def large(request):
    return HttpResponse(PIECE * 48)


def file(request):
    return FileResponse(open(__file__, "rb"))


def upload(request):
    file = request.FILES["file"]
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return JsonResponse({
        "name": file.name, "size": file.size, "sha256": digest.hexdigest(), "note": request.POST["note"]})


async def form(request):
    return JsonResponse(dict(request.POST.lists()))


async def cookies(request):
    response = JsonResponse(request.COOKIES)
    response.set_cookie("first", "1", httponly=True)
    response.set_cookie("second", "two words; and more", path="/cookies")
    response.delete_cookie("third")
    return response


async def async_raises(request):
    raise ZeroDivisionError("a bug of the app")


def sync_raises(request):
    raise ZeroDivisionError("a bug of the app")


async def waits(request):
    key = request.GET["key"]
    note(key + "-started")
    try:
        await gate(key)
    except asyncio.CancelledError:
        note(key, "cancelled")
        raise
    return HttpResponse("went on")


async def redirect(request):
    return HttpResponseRedirect("/async_view?name=again")


views = (
    async_view, sync_view, stream, endless, noted, large, file, upload, form, cookies, async_raises, sync_raises, waits,
    redirect,
)
urlpatterns = [path(view.__name__, view) for view in views]
app = controlled(get_asgi_application())
