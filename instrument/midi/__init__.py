"""MIDI as the instrument means it.

The way of a message: bytes → ``messages`` → ``events`` → what a channel was told (``controllers``,
with ``channel`` for each, ``meanings`` that ``layouts`` give to numbers, and ``zones`` for those
that belong together). The way of a piece: bytes → ``file`` (tracks of events, in ticks) → ``score``
(one list of events, in seconds). A ``take`` is a file that also says how it was played.
"""
