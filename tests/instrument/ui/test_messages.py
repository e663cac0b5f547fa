"""What a page may say, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.ui.messages import LARGEST, LONGEST_PATH, Malformed, MessageReader

READER = MessageReader(points=24, axes=8, presets=3)

GOOD: list[dict[str, Any]] = [
    {"kind": "note", "key": 69, "velocity": 100},
    {"kind": "note", "key": 69.0, "velocity": 0},
    {"kind": "move", "x": -1.5, "y": 2},
    {"kind": "point", "point": 23},
    {"kind": "step", "direction": "left"},
    {"kind": "mark", "end": 1},
    {"kind": "morph", "share": 0.3},
    {"kind": "knob", "axis": 7, "position": 1.2},
    {"kind": "panic"},
    {"kind": "strike", "down": True},
    {"kind": "preset", "preset": 2},
    {"kind": "path", "path": [[0, 0, 0], [0.5, 1, 1]], "loops": True},
    {"kind": "keep", "name": "../../etc/passwd"},
    {"kind": "rename", "name": "a", "new": "b"},
    {"kind": "bring", "presets": {"anything": None}},
    {"kind": "learn", "slider": -1},
    {"kind": "forget", "slider": 7},
    {"kind": "choose", "output": "Speakers (ALSA)", "midi_in": ""},
    {"kind": "record", "on": True},
    {"kind": "delete", "name": "../../etc/passwd"},
]


def changed(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**message, **fields}


NOTE, PATH = GOOD[0], GOOD[10]
BAD: list[object] = [
    None,
    [],
    "note",
    {},
    {"kind": "quit"},
    {"kind": ["note"]},
    {"kind": "note", "key": 69},
    changed(NOTE, channel=1),
    changed(NOTE, key=128),
    changed(NOTE, key=-1),
    changed(NOTE, key=60.5),
    changed(NOTE, key="69"),
    changed(NOTE, key=True),
    changed(NOTE, key=None),
    changed(NOTE, key=10**400),
    {"kind": "point", "point": 24},
    {"kind": "step", "direction": "away"},
    {"kind": "step", "direction": ["left"]},
    {"kind": "move", "x": 1e9, "y": 0},
    {"kind": "mark", "end": 2},
    {"kind": "learn", "slider": 8},
    {"kind": "forget", "slider": -2},
    {"kind": "choose", "output": "x" * 301, "midi_in": ""},
    {"kind": "record", "on": "take.mid"},
    {"kind": "render", "name": None},
    {"kind": "morph", "share": 1.01},
    {"kind": "knob", "axis": 8, "position": 0},
    {"kind": "preset", "preset": 3},
    changed(PATH, path=[]),
    changed(PATH, path=[[0, 0]]),
    changed(PATH, path=[[0, 0, "0"]]),
    changed(PATH, path=[[1e9, 0, 0]]),
    changed(PATH, path=[[0, 0, 0]] * (LONGEST_PATH + 1)),
    changed(PATH, loops=1),
    {"kind": "keep", "name": "x" * 61},
    {"kind": "keep", "name": None},
]


@pytest.mark.parametrize("message", GOOD, ids=lambda message: message["kind"])
def test_what_means_something_is_read(message: dict[str, Any]) -> None:
    read = READER.read(json.dumps(message))
    assert read.kind == message["kind"]
    assert set(read.values) == set(message) - {"kind"}


@pytest.mark.parametrize("message", BAD, ids=lambda message: str(message)[:40])
def test_what_means_nothing_is_refused(message: object) -> None:
    with pytest.raises(Malformed):
        READER.read(json.dumps(message))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        '{"kind": "move", "x": NaN, "y": 0}',
        '{"kind": "move", "x": Infinity, "y": 0}',
        '{"kind": "panic"}' + " " * LARGEST,
        "1" * 5000,
    ],
    ids=["empty", "cut", "deep", "nan", "infinite", "long", "number"],
)
def test_text_that_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        READER.read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)


@pytest.mark.fuzz
@given(st.sampled_from(sorted(READER.kinds)), JSON, st.data())
def test_whatever_fields_hold_is_read_or_refused(kind: str, value: object, data: Any) -> None:
    fields = {
        name: data.draw(JSON) if data.draw(st.booleans()) else value for name in READER.kinds[kind]
    }
    try:
        READER.read(json.dumps({"kind": kind, **fields}))
    except Malformed:
        return
