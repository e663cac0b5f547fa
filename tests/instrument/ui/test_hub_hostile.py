"""Pages that say anything: others play on, and nothing stays sounding or grows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.model.graphs import Instrument
from instrument.ui.hub import KEPT, MOST_MALFORMED, MOST_NOTICES, Hub, Page
from instrument.ui.messages import LARGEST, MessageReader
from instrument.ui.presets import OwnPresets
from tests.instrument.ui.conftest import Desk

OWN_KEY = 80
KINDS = MessageReader(points=24, axes=8, presets=3).kinds
NUMBERS = [0, 1, -1, 0.5, 64, 1e9, math.nan, math.inf, 10**400]
WORDS = [None, True, "x", "left", "../x", "y" * 500]
LISTS = [[], {}, [[0, 0]], [[0, 0, 0]], [[0.0, 0.1, 0.2], [1.0, 0.3, 0.4]]]
ODD: st.SearchStrategy[object] = st.sampled_from([*NUMBERS, *WORDS, *LISTS])
KNOWN = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.fixed_dictionaries({"kind": st.just(kind), **dict.fromkeys(KINDS[kind], ODD)})
)
TEXTS = st.one_of(
    st.text(max_size=40),
    KNOWN.map(json.dumps),
    KNOWN.map(lambda message: json.dumps(message)[:-1]),
    st.dictionaries(st.text(max_size=6), ODD, max_size=4).map(json.dumps),
    st.sampled_from(["[" * 5000, "1" * 5000, '{"kind":[]}', "x" * (LARGEST + 1), "null"]),
)


def opened(hub: Hub) -> Page:
    page = hub.enter()
    assert page is not None
    return page


@pytest.mark.fuzz
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), TEXTS), max_size=60))
def test_whatever_a_page_says_others_play_on(tiny: Instrument, said: list[tuple[int, str]]) -> None:
    reader = MessageReader(points=len(tiny.spec.map), axes=8, presets=len(tiny.spec.presets))
    with TemporaryDirectory() as folder:
        own = OwnPresets(Path(folder), tiny.spec.digest, tiny.spec.envelope_size.latent)
        desk = Desk(tiny, own)
        hub = Hub(desk.panel, reader, {})
        honest, hostile = opened(hub), [opened(hub), opened(hub)]
        for number, text in said:
            if not hub.take(hostile[number], text):
                hub.leave(hostile[number])
                hostile[number] = opened(hub)
            for velocity in (90, 0):
                note = {"kind": "note", "key": OWN_KEY, "velocity": velocity}
                # It isn't its own rate that is tried here.
                honest._rate._left = MOST_MALFORMED
                assert hub.take(honest, json.dumps(note))
                assert ("/note", OWN_KEY, velocity) in desk.sent[-3:]
            desk.now += 0.1
            hub.refresh(desk.now)
        for page in (honest, *hostile):
            hub.leave(page)
            assert page._news.keys() <= {*KEPT, "hello"}
            assert len(page._notices) <= MOST_NOTICES
        assert desk.panel.state()["held"] == []
