"""Note-on to sound through real MIDI and audio: a loopback on JACK.

Notes go out of a MIDI port to Arco, played by ``arco play`` in a process of its own, and what Arco
plays comes back into an audio port. Every other note goes to FluidSynth, where it is installed, so
that both are measured by the same ear at the same time on the same computer.

**What is measured.** From the frame at which a note-on is in its JACK period to the first sample
that is louder than −90 dBFS and than twice what was there in the silence before. So the attack of a
sound counts as far as that level: a few samples of Arco's, and of FluidSynth's violin as much as
its recording has. Each note is short, and the room has 1.2 s to die away before the next one.

JACK hands over all MIDI of a period at the start of that period; a program may keep to the frame
at which each message is in it, or play them all as if they were at the start. Therefore a latency
is told twice, from the note's own frame and from the start of its period. Where the first spreads
over a period and the second doesn't, the program plays them as if at the start. From the note's
frame such a program may even be early, by what of the period had gone by at the note.
"""
