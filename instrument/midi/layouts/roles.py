"""What controllers may be for: the roles that a layout gives to their numbers."""

from __future__ import annotations

AXES = 8
"""Of the latent space that have a knob."""

ROLES = {
    "vibrato": "depth of the vibrato: the note's own at 0, then to 60 cents at 127",
    "vibrato-depth": "depth of the vibrato, from senza at 0 to 60 cents at 127",
    "vibrato-depth-around": "depth of the vibrato: the note's own at 64, none at 0",
    "vibrato-rate": "rate of the vibrato, around 64",
    "vibrato-delay": "delay of the vibrato, around 64",
    "dynamics": "owns the loudness, from silence to the loudest",
    "expression": "takes loudness away, down to silence, whatever else gives it",
    "pressure": "up to 9 dB louder",
    "brightness": "colour, around 64: brighter above",
    "timbre": "the sixth latent axis, around 64, where it is left to chance",
    "attack": "time of the attack, around 64: longer above",
    "release": "time of the release, around 64: longer above",
    "reverb": "the room: 40 is as loud as `--room` says, 0 is none",
    "nothing": "nothing",
    **{f"axis-{axis}": f"latent axis {axis}" for axis in range(1, AXES + 1)},
}
"""What a layout may say, and what that is."""

ARTICULATIONS = {
    "as-played": "as it is played",
    "slur": "slurred to the one before",
    "bow": "a new bow",
    "portamento": "slid into",
    "staccato": "short, from the stopped bow",
    "spiccato": "a short stroke from the air",
    "tremolo": "the bow changes all the time (in files)",
    "trill": "alternates with the next step of the scale (in files)",
}
"""How the notes of a channel may be played from then on, and what that is."""

FIXED_ROLES = {
    "bank-coarse": "upper half of the bank",
    "bank-fine": "lower half of the bank",
    "portamento-time": "time of the portamento, 20 ms to 2 s",
    "portamento": "portamento's switch",
    "portamento-from": "the next note is slid into from this key",
    "volume": "volume",
    "pan": "pan",
    "sustain": "sustain pedal",
    "sostenuto": "sostenuto pedal",
    "soft": "soft pedal",
    "legato": "legato pedal: mono while it is down",
    "data-coarse": "data entry",
    "data-fine": "data entry, fine",
    "data-increment": "data entry, a step up",
    "data-decrement": "data entry, a step down",
    "unregistered": "numbers of parameters that Arco doesn't have",
    "parameter-coarse": "registered parameter",
    "parameter-fine": "registered parameter, fine",
    "all-sound-off": "all sound off",
    "reset": "reset controllers",
    "all-notes-off": "all notes off",
    "mono": "mono",
    "poly": "poly",
}
"""What MIDI itself gives a number to, in every layout."""
