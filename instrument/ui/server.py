"""The server of the page: files from memory, one websocket a page, and nothing that leads further.

Everything lies below the token, and is refused to foreign hosts and origins.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from instrument.errors import ArcoError, UsageError
from instrument.ui.examples import LARGEST as RECORDING_BYTES
from instrument.ui.examples import Examples
from instrument.ui.hub import Hub, Page
from instrument.ui.messages import LARGEST
from instrument.ui.security import PAGE_HEADERS, Gate, content_policy, is_token

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

Take: TypeAlias = Callable[[str], "tuple[Path, str] | None"]
Answer: TypeAlias = Callable[[Request], Awaitable[Response]]

LONGEST_FILE_NAME = 1000

CLOSING_SECONDS = 2

GONE_SECONDS = 5.0
"""A page has gone if it answers no ping, or reads nothing that it is sent, for so long.

Browsers answer pings by themselves, whatever their pages do.
"""

POLICY_VIOLATION = 1008


def page_files() -> dict[str, tuple[bytes, str]]:
    """The files of the page, read once: by name, their bytes and type."""
    found = {}
    for file in files("instrument.ui").joinpath("static").iterdir():
        kind = TYPES.get(file.name[file.name.rfind(".") :])
        if kind is not None:
            found[file.name] = file.read_bytes(), kind
    return found


def make_app(
    hub: Hub,
    gate: Gate,
    token: str,
    take: Take = lambda _name: None,
    examples: Examples | None = None,
) -> Starlette:
    """The page of a hub as an application.

    Args:
        hub: Of its pages.
        gate: That refuses foreign names.
        token: Without which nothing is answered.
        take: A take's file, and its type, by its name; None if there is none.
        examples: Take recordings of notes, if the instrument can place them.
    """
    served = page_files()

    def refusal(host: str | None, origin: str | None, given: str) -> int | None:
        if not gate.lets_in(host, origin):
            return 403
        return None if is_token(given, token) else 404

    def guarded(answer: Answer) -> Answer:
        async def asked(request: Request) -> Response:
            headers = request.headers
            # A browser always says where what is sent comes from.
            origin = headers.get("origin", "" if request.method == "POST" else None)
            refused = refusal(headers.get("host"), origin, request.path_params["token"])
            return _plain(refused) if refused else await answer(request)

        return asked

    async def file(request: Request) -> Response:
        name = request.path_params.get("name") or "index.html"
        if name not in served:
            return _plain(404)
        content, kind = served[name]
        policy = {"Content-Security-Policy": content_policy(request.headers["host"])}
        return Response(content, media_type=kind, headers={**PAGE_HEADERS, **policy})

    async def take_file(request: Request) -> Response:
        found = take(request.path_params["name"])
        if found is None:
            return _plain(404)
        path, kind = found
        return FileResponse(path, media_type=kind, headers=PAGE_HEADERS)

    async def recording(request: Request) -> Response:
        """The sound of an example."""
        name = request.query_params.get("name", "")
        found = None if examples is None else examples.sound(name)
        if found is None:
            return _plain(404)
        content, kind = found
        return Response(content, media_type=kind, headers=PAGE_HEADERS)

    async def play(websocket: WebSocket) -> None:
        headers = websocket.headers
        # A browser always says where a websocket comes from.
        origin = headers.get("origin", "")
        page = None
        if refusal(headers.get("host"), origin, websocket.path_params["token"]) is None:
            page = hub.enter()
        if page is None:
            await websocket.close()  # before it is accepted: 403
            return
        try:
            await websocket.accept()
            await _converse(hub, page, websocket)
        finally:
            hub.leave(page)

    return Starlette(
        routes=[
            WebSocketRoute("/{token}/play", play),
            Route("/{token}/takes/{name}", guarded(take_file)),
            Route("/{token}/examples", guarded(partial(_hear, examples)), methods=["POST"]),
            Route("/{token}/examples", guarded(recording)),
            Route("/{token}/", guarded(file)),
            Route("/{token}/{name}", guarded(file)),
        ]
    )


def _plain(status: int, text: str = "") -> Response:
    return PlainTextResponse(text, status_code=status, headers=PAGE_HEADERS)


async def _hear(examples: Examples | None, request: Request) -> Response:
    """A recording is sent: the name of its preset, or the sentence in which it is refused."""
    if examples is None:
        return _plain(404)
    name = request.query_params.get("name", "")[:LONGEST_FILE_NAME]
    try:
        return _plain(200, await examples.take(name, partial(_body, request, RECORDING_BYTES)))
    except _TooLargeError as error:
        return _plain(413, str(error))
    except ArcoError as error:
        return _plain(422, str(error))


class _TooLargeError(UsageError):
    """More was sent than is taken."""

    def __init__(self) -> None:
        super().__init__("it is larger than a recording of half a minute")


async def _body(request: Request, most: int) -> bytes:
    """What was sent.

    Raises:
        _TooLargeError: It is more than so many bytes, by what it says or as it turns out. No more
            than these are read.
    """
    if int(request.headers.get("content-length", 0)) > most:  # digits: h11 takes nothing else
        raise _TooLargeError
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise _TooLargeError
    return bytes(content)


async def _converse(hub: Hub, page: Page, websocket: WebSocket) -> None:
    """Tell a page what is new and take what it says, until it goes."""

    async def tell() -> None:
        while True:
            for text in await page.news():
                async with asyncio.timeout(GONE_SECONDS):
                    await websocket.send_text(text)

    async def listen() -> None:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None or not hub.take(page, text):
                await websocket.close(POLICY_VIOLATION)
                return

    both = [asyncio.create_task(tell()), asyncio.create_task(listen())]
    try:
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            _expected(task.exception())
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)


def _expected(error: BaseException | None) -> None:
    """A page that has gone while it is told something is no fault of the server."""
    gone = WebSocketDisconnect | RuntimeError | TimeoutError
    if error is not None and not isinstance(error, gone):
        raise error


# --- the whole of it -----------------------------------------------------------------------------


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        UsageError: There is no such address, or the port is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=32)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"--host {host} --port {port}: {reason}; choose another") from None


def address(host: str, port: int, token: str) -> str:
    """What to type into a browser."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/{token}/"


def make_server(app: Starlette) -> uvicorn.Server:
    """A server of an application, bounded in what it takes."""
    config = uvicorn.Config(
        app,
        access_log=False,
        http="h11",
        lifespan="off",
        limit_concurrency=64,
        log_config=None,
        log_level="critical",
        loop="asyncio",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSING_SECONDS,
        ws="websockets-sansio",
        ws_max_size=LARGEST,
        ws_per_message_deflate=False,
        ws_ping_interval=GONE_SECONDS,
        ws_ping_timeout=GONE_SECONDS,
    )
    return uvicorn.Server(config)
