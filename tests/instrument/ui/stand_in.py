"""Stands in for `arco play --osc 0 --json`: says what it was started with, and keeps what it hears.

Its first argument is a folder: the file ``heard`` there takes the messages that come; a file
``refuse``, ``refuse-once`` or ``die`` decides what becomes of it. While there is a file ``deaf`` it
doesn't answer, and what is in ``say`` it says.
"""

# ruff: noqa: T201

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from threading import Thread

from instrument.live.osc import packed, unpacked


def end_with_whoever_started_it() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> int:
    folder = Path(sys.argv[1])
    once = folder / "refuse-once"
    if once.exists() or (folder / "refuse").exists():
        once.unlink(missing_ok=True)
        print("arco: no such device", file=sys.stderr)
        return 2
    Thread(target=end_with_whoever_started_it, daemon=True).start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind(("127.0.0.1", 0))
        port.settimeout(0.02)
        told = {"event": "ready", "osc_port": port.getsockname()[1], "options": sys.argv[2:]}
        print("no JSON", json.dumps(told), sep="\n", flush=True)
        print(json.dumps({"event": "input-opened", "name": "Keys"}), flush=True)
        until = time.monotonic() + 60.0
        while time.monotonic() < until:
            if (folder / "die").exists():
                (folder / "die").unlink()
                print("arco: it died", file=sys.stderr)
                return 1
            say = folder / "say"
            if say.exists():
                taken = say.rename(folder / "said")  # a next one may come at once
                print(taken.read_text(), flush=True)
            try:
                packet, sender = port.recvfrom(65_536)
            except TimeoutError:
                continue
            address, values = unpacked(packet)
            with (folder / "heard").open("a") as heard:
                heard.write(json.dumps([address, *values]) + "\n")
            if address == "/subscribe" and not (folder / "deaf").exists():
                port.sendto(packed("/status", 1, 2, 0, 0, 0, 0.25), sender)
                port.sendto(b"nonsense", sender)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
