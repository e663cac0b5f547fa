"""The page's server as a browser, and as an attacker, meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from socket import SHUT_RDWR, create_connection
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.protocol import State
from websockets.sync.client import ClientConnection
from websockets.typing import Origin
from websockets.uri import parse_uri

from instrument.ui import server
from instrument.ui.messages import LARGEST, MessageReader
from instrument.ui.server import address, listen, make_app, page_files
from instrument.ui.takes import Takes
from tests.instrument.ui.conftest import Desk
from tests.instrument.ui.served import HOST, TOKEN, WITHIN, Served, serving


@pytest.fixture
def served(desk: Desk, reader: MessageReader, tmp_path: Path) -> Iterator[Served]:
    takes = Takes(tmp_path, tmp_path, lambda _told: None)
    with serving(desk, lambda hub, gate: make_app(hub, gate, TOKEN, takes.file), reader) as served:
        yield served


def hear(page: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    while True:
        message: dict[str, Any] = json.loads(page.recv(timeout=WITHIN))
        if message["kind"] == kind:
            return message


def say(page: ClientConnection, **message: Any) -> None:
    page.send(json.dumps(message))


# --- takes ---------------------------------------------------------------------------------------


def test_takes_are_fetched_by_those_who_know_the_token(served: Served, tmp_path: Path) -> None:
    (tmp_path / "take-2026-01-02-030405.mid").write_bytes(b"MThd")
    (tmp_path / "take-2026-01-02-030405.wav").write_bytes(b"RIFF")
    (tmp_path / "secret.mid").write_bytes(b"secret")
    (tmp_path / "take-2026-01-02-030406.mid").symlink_to(tmp_path / "secret.mid")
    for name, kind, content in ((".mid", "audio/midi", b"MThd"), (".wav", "audio/wav", b"RIFF")):
        path = f"/{TOKEN}/takes/take-2026-01-02-030405{name}"
        status, headers, got = served.get(path)
        assert (status, headers["content-type"], got) == (200, kind, content)
        assert headers["cache-control"] == "no-store"
        assert served.get(path.replace(TOKEN, "other"))[0] == 404
        assert served.get(path, Host="evil.example")[0] == 403
    for name in ("secret.mid", "..%2fsecret.mid", "take-2026-01-02-030406.mid", "%2e%2e"):
        assert served.get(f"/{TOKEN}/takes/{name}")[0] == 404


# --- the page ------------------------------------------------------------------------------------


def test_the_page_and_all_that_it_names_is_served(served: Served) -> None:
    status, headers, content = served.get(f"/{TOKEN}/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    named = [name for name in page_files() if name != "index.html"]
    assert len(named) > 10
    for name in named:
        assert served.get(f"/{TOKEN}/{name}")[0] == 200
    assert b"http" not in content.replace(b"http://www.w3.org", b"")


def test_nothing_of_the_page_is_fetched_from_elsewhere() -> None:
    for content, kind in page_files().values():
        text = content.decode()
        if not kind.startswith("image"):
            assert "http:" not in text
            assert "https:" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/the-toke/",
        "/the-tokenx/",
        "//",
        "/index.html",
        "/app.js",
        "/%00/",
        "/the-token",
    ],
)
def test_without_the_token_there_is_nothing(served: Served, path: str) -> None:
    status, _, content = served.get(path)
    assert status in {404, 307}
    assert b"Arco" not in content


@pytest.mark.parametrize(
    "name",
    [
        "../server.py",
        "..%2fserver.py",
        "..%5cserver.py",
        "%2e%2e/server.py",
        "/etc/passwd",
        "static/app.js",
        "app.js%00",
        "app.js/",
        ".",
        "x" * 5000,
    ],
)
def test_no_path_leads_to_files(served: Served, name: str) -> None:
    assert served.get(f"/{TOKEN}/{name}")[0] in {404, 307}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_the_page_is_only_read(served: Served, method: str) -> None:
    assert served.get(f"/{TOKEN}/", method)[0] == 405


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "[::1"])
def test_a_foreign_host_is_refused(served: Served, host: str) -> None:
    status, _, content = served.get(f"/{TOKEN}/", Host=host.format(port=served.port))
    assert (status, content) == (403, b"")


def test_a_foreign_origin_is_refused(served: Served) -> None:
    assert served.get(f"/{TOKEN}/app.js", Origin="http://evil.example")[0] == 403


# --- the websocket -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "origin"),
    [
        ("wrong", "http://{host}"),
        (TOKEN, "http://evil.example"),
        (TOKEN, "http://localhost:{port}"),
        (TOKEN, "null"),
        (TOKEN, None),
    ],
)
def test_a_stranger_gets_no_socket(served: Served, token: str, origin: str | None) -> None:
    whence = origin and origin.format(host=served.host, port=served.port)
    with pytest.raises(InvalidStatus) as refused, served.connect(token, origin=whence):
        pass
    assert refused.value.response.status_code == 403


def test_a_name_that_was_made_to_lead_here_gets_no_socket(served: Served) -> None:
    evil = f"evil.example:{served.port}"
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}
    asked = {"Host": evil, "Origin": f"http://{evil}", **upgrade, **key}
    assert served.get(f"/{TOKEN}/play", **asked)[0] == 403


def test_a_page_plays_and_others_see_it(served: Served) -> None:
    with served.connect() as one, served.connect() as two:
        assert hear(one, "hello")["name"] == "tiny"
        hear(two, "state")
        say(one, kind="point", point=4)
        while (state := hear(two, "state"))["point"] != 4:
            pass
        assert state["placed"]
        assert len(hear(two, "curves")["cents"]) > 100
        say(two, kind="note", key=69, velocity=100)
        served.until(lambda: ("/note", 69, 100) in served.desk.sent)
    served.until(lambda: ("/note", 69, 0) in served.desk.sent)


def test_a_page_that_is_cut_off_leaves_nothing_sounding(served: Served) -> None:
    with served.connect() as page:
        say(page, kind="note", key=60, velocity=90)
        served.until(lambda: ("/note", 60, 90) in served.desk.sent)
        page.socket.shutdown(SHUT_RDWR)
        served.until(lambda: ("/note", 60, 0) in served.desk.sent)


@pytest.mark.parametrize("told", ["", "x" * 2**23], ids=["nothing is told", "much is told"])
def test_a_page_whose_network_is_gone_leaves_nothing_sounding(
    desk: Desk, reader: MessageReader, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setattr(server, "GONE_SECONDS", 0.2)
    with (
        serving(desk, lambda hub, gate: make_app(hub, gate, TOKEN), reader) as served,
        create_connection((HOST, served.port)) as silent,
    ):
        uri = f"ws://{served.host}/{TOKEN}/play"
        page = ClientProtocol(parse_uri(uri), origin=Origin(f"http://{served.host}"))
        page.send_request(page.connect())
        silent.sendall(b"".join(page.data_to_send()))
        while page.state is State.CONNECTING:
            page.receive_data(silent.recv(4096))
        page.send_text(json.dumps({"kind": "note", "key": 60, "velocity": 90}).encode())
        silent.sendall(b"".join(page.data_to_send()))
        served.until(lambda: ("/note", 60, 90) in desk.sent)
        for kind in ("status", "voices") if told else ():
            served.hub.tell(kind, {"told": told})
        served.until(lambda: ("/note", 60, 0) in desk.sent)


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["x" * (LARGEST + 1)], 1009),
        (["nonsense"] * 100, 1008),
        (['{"kind": "move", "x": 0, "y": 0}'] * 2000, 1008),
        ([b"bytes"], 1008),
    ],
    ids=["long", "nonsense", "flood", "bytes"],
)
def test_who_misbehaves_is_shown_the_door_and_others_play_on(
    served: Served, messages: list[str | bytes], code: int
) -> None:
    with served.connect() as other:
        with served.connect() as page:
            say(page, kind="note", key=50, velocity=90)
            served.until(lambda: ("/note", 50, 90) in served.desk.sent)
            with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 (sending may already fail)
                for message in messages:
                    page.send(message)
                while True:
                    page.recv(timeout=WITHIN)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
        served.until(lambda: ("/note", 50, 0) in served.desk.sent)
        say(other, kind="note", key=70, velocity=90)
        served.until(lambda: ("/note", 70, 90) in served.desk.sent)


def test_what_means_nothing_now_and_then_is_let_pass(served: Served) -> None:
    with served.connect() as page:
        for nonsense in ("", "[]", '{"kind":"quit"}', '{"kind":"point","point":-1}'):
            page.send(nonsense)
        say(page, kind="note", key=70, velocity=90)
        served.until(lambda: ("/note", 70, 90) in served.desk.sent)


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "http://127.0.0.1:8/t/"), ("::1", "http://[::1]:8/t/")]
)
def test_the_address_can_be_typed(host: str, shown: str) -> None:
    assert address(host, 8, "t") == shown


def test_a_port_that_is_taken_is_told() -> None:
    from instrument.errors import UsageError  # noqa: PLC0415

    with listen(HOST, 0) as taken, pytest.raises(UsageError, match="--port"):
        listen(HOST, taken.getsockname()[1])
    with pytest.raises(UsageError):
        listen("no.such.name.invalid", 0)
