"""Notes among floods: the messages that are sent, and what is told of the delays."""

from __future__ import annotations

import numpy as np

from instrument.bench.live.flood import Flood, _moves, flood_section
from instrument.bench.live.programs import OwnCounts
from instrument.bench.live.take import Take
from instrument.midi.messages import MessageParser

RATE, BLOCK = 48_000, 128


def test_a_flood_is_sent_beside_the_notes_in_order_of_time() -> None:
    calm = Take.empty(["Arco"], 3, RATE, BLOCK, seed=0)
    take = calm.with_flood("Arco", _moves(), RATE / 3000)
    frames = [message.frame for message in take.messages]
    assert frames == sorted(frames)
    assert [message for message in take.messages if message in calm.messages] == calm.messages
    sent = len(take.messages) - len(calm.messages)
    lasts = (calm.begin[-1] + calm.sound.shape[1]) / RATE
    assert abs(sent - 3000 * lasts) <= 1
    events = [event for move in _moves() for event in MessageParser().feed(move)]
    assert len(events) == len(_moves())


def test_delays_of_heard_notes_are_samples_from_their_frames() -> None:
    take = Take.empty(["Arco"], 3, RATE, BLOCK, seed=0)
    take.sent[:] = take.begin + 500
    take.sound[:] = 0.0
    take.sound[0, 700:] = 0.1
    take.sound[1, 800:] = 0.1
    np.testing.assert_array_equal(take.delays(), [200, 300])


def test_delays_are_told_over_the_quickest_of_all() -> None:
    counts = OwnCounts(postponed=7, late_frames=1)
    floods = [
        Flood(0, 0, 0, [0.010, 0.011], OwnCounts(), 0),
        Flood(6000, 1, 0, [0.012, 0.014], counts, 2),
        Flood(9000, 3, 0, [], counts, 2),
    ]
    rows = {
        row.labels["messages a second"]: {
            name: round(m.value, 3) for name, m in row.metrics.items()
        }
        for row in flood_section(floods).rows
    }
    assert rows == {
        0: {"median": 0.5, "p90": 0.9, "postponed": 0.0, "lost": 0.0},
        6000: {"median": 3.0, "p90": 3.8, "postponed": 7.0, "lost": 1.0},
        9000: {"postponed": 7.0, "lost": 3.0},
    }
