"""The frames of an envelope: how many there are, and what the network learns in which of them.

What was learned, and every exported instrument, depends on these numbers. They are counted in
frames of 1 / ``FRAME_RATE`` seconds, which ``instrument.units`` has for both sides.
"""

from __future__ import annotations

FRAMES = 750
"""Frames of an envelope: three seconds."""

RELEASE_FRAME = 650
"""From here on an envelope holds the release, whatever the note's length."""

ATTACK_FRAMES = 50
"""200 ms of attack: what a window from the middle of a long bow cannot know.

The engine waits ten frames longer, ``SUSTAIN_FRAME``, before it splices what was learned: that is a
margin of playing and not a thing that was trained."""

LEVEL_FRAMES = slice(25, 400)
"""0.1 to 1.6 s: their mean is the level of an exported envelope."""

ENDING_FRAMES = 25
"""The last tenth of a second before a release leans towards it and isn't sustain."""
