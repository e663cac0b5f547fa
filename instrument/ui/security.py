"""Who is answered: a browser of this computer, at the page's own address, that knows its token."""

from __future__ import annotations

import secrets
from ipaddress import ip_address

TOKEN_BYTES = 18

HTTP_PORT = 80

PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def new_token() -> str:
    """Something that nobody guesses, for an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_token(given: str, token: str) -> bool:
    """Whether it is the token; how long that takes tells nothing."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), token.encode())


def is_loopback(host: str) -> bool:
    """Whether an address is this computer's own, that no other reaches."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Gate:
    """Refuses foreign names: a page of somebody's whose name was made to lead here (rebinding)."""

    def __init__(self, host: str, port: int) -> None:
        """Stand before a server.

        Args:
            host: Address that it listens at.
            port: Its own.
        """
        self._host = host.lower()  # as browsers write it
        self._port = port
        self._local = is_loopback(host)

    def lets_in(self, host: str | None, origin: str | None = None) -> bool:
        """Whether a request is meant for this server.

        Args:
            host: Its ``Host``: numbers of an address, which nobody can point elsewhere, or the
                name that the server was given. A server at a loopback address answers for these
                only.
            origin: Its ``Origin``, if it has one: the same.
        """
        if host is None or not self._is_own(host):
            return False
        return origin is None or origin == f"http://{host}"

    def _is_own(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        if self._port == HTTP_PORT and not port.isdecimal():  # browsers leave it out
            name, port = host, str(HTTP_PORT)
        if port != str(self._port):
            return False
        bare = name.removeprefix("[").removesuffix("]")
        if bare == self._host or is_loopback(bare):
            return True
        if self._local:
            return False
        try:
            ip_address(bare)
        except ValueError:
            return False
        return True


def content_policy(host: str) -> str:
    """What the page may load and reach: what this server has, and nothing else.

    Args:
        host: The ``Host`` of the request, which was let in.
    """
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "media-src 'self'; "
        f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
