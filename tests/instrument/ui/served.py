"""A page that is served on a port of this computer, as browsers and attackers reach it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from starlette.applications import Starlette
from websockets.sync.client import ClientConnection, connect

from instrument.model.graphs import Instrument
from instrument.ui.hub import Hub
from instrument.ui.messages import MessageReader
from instrument.ui.presets import OwnPresets
from instrument.ui.security import Gate
from instrument.ui.server import listen, make_app, make_server
from instrument.ui.session import hello
from tests.instrument.ui.conftest import Desk

TOKEN = "the-token"  # noqa: S105 (of this test)
HOST = "127.0.0.1"
WITHIN = 20.0

Answer: TypeAlias = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


class Served(NamedTuple):
    """A page that is served."""

    port: int
    desk: Desk
    hub: Hub

    @property
    def host(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}/{TOKEN}/"

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return self.send(method, path, None, headers)

    def post(self, path: str, body: bytes, **headers: str) -> Answer:
        return self.send("POST", path, body, headers)

    def send(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None, headers: dict[str, str]
    ) -> Answer:
        connection = HTTPConnection(HOST, self.port, timeout=WITHIN)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    @property
    def notes(self) -> list[tuple[int, int]]:
        """Keys and velocities that were sent to what plays."""
        return [(sent[1], sent[2]) for sent in self.desk.sent if sent[0] == "/note"]

    def connect(self, token: str = TOKEN, **chosen: Any) -> ClientConnection:
        chosen.setdefault("origin", f"http://{self.host}")
        uri = f"ws://{self.host}/{token}/play"
        chosen = {"open_timeout": WITHIN, "proxy": None, "compression": None, **chosen}
        connection: ClientConnection = connect(uri, **chosen)
        return connection

    def until(self, true: Callable[[], object]) -> None:
        end = time.monotonic() + WITHIN
        while not true():
            assert time.monotonic() < end
            time.sleep(0.01)


@contextmanager
def serving(
    desk: Desk,
    make: Callable[[Hub, Gate], Starlette],
    reader: MessageReader,
    hello: Mapping[str, Any] = MappingProxyType({"name": "tiny"}),
) -> Iterator[Served]:
    """Serve the application that is made of a desk's hub."""
    hub = Hub(desk.panel, reader, hello)
    with listen(HOST, 0) as socket:
        port = socket.getsockname()[1]
        server = make_server(make(hub, Gate(HOST, port)))

        async def serve() -> None:
            sharing = asyncio.create_task(hub.run())
            await server.serve(sockets=[socket])
            sharing.cancel()

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        end = time.monotonic() + WITHIN
        while not server.started and time.monotonic() < end:
            time.sleep(0.01)
        try:
            yield Served(port, desk, hub)
        finally:
            server.should_exit = True
            thread.join(WITHIN)
        assert not thread.is_alive()


@contextmanager
def served_panel(instrument: Instrument, folder: Path, **told: Any) -> Iterator[Served]:
    """Serve the page of a panel that plays nothing.

    Args:
        instrument: On the page.
        folder: Where presets are kept.
        told: What the page is told otherwise of the instrument.
    """
    spec = instrument.spec
    desk = Desk(instrument, OwnPresets(folder, spec.digest, spec.envelope_size.latent))
    reader = MessageReader(points=len(spec.map), axes=8, presets=len(spec.presets))
    about = {**hello(instrument), **told}
    with serving(desk, lambda hub, gate: make_app(hub, gate, TOKEN), reader, about) as served:
        yield served
