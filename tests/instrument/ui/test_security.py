"""Who is answered: this computer's own names and the page's own origin."""

from __future__ import annotations

import pytest

from instrument.ui.security import Gate, content_policy, is_token, new_token

PORT = 8123
LOCAL, WIDE = Gate("127.0.0.1", PORT), Gate("0.0.0.0", PORT)  # noqa: S104

OWN = ["127.0.0.1:8123", "localhost:8123", "[::1]:8123", "127.0.0.2:8123"]
FOREIGN = [
    None,
    "",
    "evil.example",
    "evil.example:8123",
    "127.0.0.1.evil.example:8123",
    "localhost.evil.example:8123",
    "127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.1:8123:8123",
    "127.0.0.1:8123/",
    "192.168.1.2:8123",
    "evil.example@127.0.0.1:8123",
]


@pytest.mark.parametrize("host", OWN)
def test_own_hosts_are_let_in(host: str) -> None:
    assert LOCAL.lets_in(host)
    assert LOCAL.lets_in(host, f"http://{host}")


@pytest.mark.parametrize("host", FOREIGN)
def test_foreign_hosts_are_refused(host: str | None) -> None:
    assert not LOCAL.lets_in(host)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://evil.example",
        "https://127.0.0.1:8123",
        "http://127.0.0.1",
        "http://127.0.0.1:8124",
        "http://localhost:8123",
        "file://",
    ],
)
def test_foreign_origins_are_refused(origin: str) -> None:
    assert not LOCAL.lets_in("127.0.0.1:8123", origin)


def test_who_listens_to_others_answers_to_addresses_and_not_to_names() -> None:
    assert WIDE.lets_in("192.168.1.2:8123", "http://192.168.1.2:8123")
    assert not WIDE.lets_in("evil.example:8123")
    for name in ("violin.local", "Violin.local"):
        assert Gate(name, PORT).lets_in("violin.local:8123", "http://violin.local:8123")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_browsers_leave_out_the_port_that_http_has_anyway(host: str) -> None:
    assert Gate("127.0.0.1", 80).lets_in(host, f"http://{host}")
    assert Gate("127.0.0.1", 80).lets_in(f"{host}:80")
    assert not Gate("127.0.0.1", 80).lets_in("evil.example", "http://evil.example")
    assert not LOCAL.lets_in(host)


def test_tokens_differ_and_only_the_whole_one_is_it() -> None:
    token = new_token()
    assert token != new_token()
    assert len(token) >= 20
    assert is_token(token, token)
    for wrong in ("", token[:-1], token + "x", "é", "\udcff"):
        assert not is_token(wrong, token)


def test_the_page_reaches_its_own_server_only() -> None:
    policy = content_policy("127.0.0.1:8123")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "ws://127.0.0.1:8123" in policy
