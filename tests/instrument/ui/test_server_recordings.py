"""Recordings that are sent to the page's server."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest
import soundfile

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from instrument.arrays import Float32, Float64
from instrument.model.graphs import Instrument
from instrument.ui.examples import LARGEST as RECORDING_BYTES
from instrument.ui.examples import Examples
from instrument.ui.messages import MessageReader
from instrument.ui.presets import OwnPresets
from instrument.ui.server import make_app
from tests.instrument.ui.conftest import Desk
from tests.instrument.ui.served import TOKEN, Served, serving


@pytest.fixture
def served(
    desk: Desk, reader: MessageReader, tiny: Instrument, own: OwnPresets
) -> Iterator[Served]:
    examples = Examples(tiny, own, lambda: None)
    with serving(
        desk, lambda hub, gate: make_app(hub, gate, TOKEN, examples=examples), reader
    ) as served:
        yield served


def test_a_recording_is_taken_and_heard_again(
    served: Served, own: OwnPresets, violin_note: Callable[..., tuple[Float32, Float64]]
) -> None:
    pytest.importorskip("swift_f0")
    file = io.BytesIO()
    soundfile.write(file, violin_note(69, 0.5)[0], 48_000, format="FLAC")
    where = f"/{TOKEN}/examples?name=an%20A.flac"
    status, _, name = served.post(where, file.getvalue(), origin=f"http://{served.host}")
    assert (status, name) == (200, b"an A")
    assert [preset.name for preset in own.found] == ["an A"]
    status, headers, sound = served.get(f"/{TOKEN}/examples?name=an%20A")
    assert (status, headers["content-type"], sound[:4]) == (200, "audio/wav", b"RIFF")


@pytest.mark.parametrize(
    ("token", "origin", "size", "wanted"),
    [
        ("another", "own", 100, 404),
        (TOKEN, "http://elsewhere.example", 100, 403),
        (TOKEN, None, 100, 403),
        (TOKEN, "own", 100, 422),
    ],
    ids=["no token", "a foreign origin", "no origin", "no sound"],
)
def test_a_recording_that_is_refused_leaves_nothing(
    served: Served, own: OwnPresets, token: str, origin: str | None, size: int, wanted: int
) -> None:
    headers = {}
    if origin is not None:
        headers["origin"] = origin.replace("own", f"http://{served.host}")
    status, _, _ = served.post(f"/{token}/examples?name=a", bytes(size), **headers)
    assert status == wanted
    assert own.found == []


@pytest.mark.parametrize("says", [True, False], ids=["by what it says", "as it turns out"])
def test_what_is_too_large_is_refused(served: Served, own: OwnPresets, says: bool) -> None:
    headers = {"origin": f"http://{served.host}"}
    where = f"/{TOKEN}/examples?name=a"
    if says:  # before anything is read
        headers["content-length"] = str(RECORDING_BYTES + 1)
        status, _, _ = served.send("POST", where, b"", headers)
    else:
        piece = bytes(1 << 20)
        pieces = chain(repeat(piece, RECORDING_BYTES // len(piece)), [b"x"])
        status, _, _ = served.send("POST", where, pieces, headers)
    assert status == 413
    assert own.found == []


def test_there_is_no_sound_of_what_was_never_heard(served: Served) -> None:
    for name in ("", "x", "..%2F..%2Fetc%2Fpasswd"):
        assert served.get(f"/{TOKEN}/examples?name={name}")[0] == 404
