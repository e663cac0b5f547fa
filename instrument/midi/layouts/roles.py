"""What controllers may be for: the roles that a layout gives to their numbers."""

from __future__ import annotations

AXES = 8
"""Of the latent space that have a knob."""

ROLES = {
    "dynamics": "dynamics: the loudness from silence to the loudest, or to what the velocity says",
    "expression": "expression: takes loudness away, down to silence, whatever else gives it",
    "pressure": "pressure: up to 9 dB louder",
    "vibrato": "vibrato: its depth, 2 cents at 4 to 60 at 127; below 4 it is the note's own",
    "vibrato-depth": "vibrato from senza: its depth, from none at 0 to 60 cents at 127",
    "vibrato-depth-around": "vibrato depth: 64 is the note's own, 0 none",
    "vibrato-rate": "vibrato rate: 64 changes nothing",
    "vibrato-delay": "vibrato delay: 64 changes nothing",
    "brightness": "brightness: of the sound at its loudness; 64 changes nothing",
    "timbre": "timbre: the sixth latent axis; at 64 it is left to chance",
    "attack": "attack: how long it takes; 64 changes nothing",
    "release": "release: how long it takes; 64 changes nothing",
    "reverb": "reverb: 40 is the room as loud as `--room` says, 0 none",
    "nothing": "nothing",
    **{f"axis-{axis}": f"latent axis {axis}" for axis in range(1, AXES + 1)},
}
"""What a layout may say, and what that is: in a word or two, and more behind a colon."""

ARTICULATIONS = {
    "as-played": "as it is played",
    "slur": "slurred to the one before",
    "bow": "a new bow",
    "portamento": "slid into",
    "staccato": "short, from the stopped bow",
    "spiccato": "a short stroke from the air",
    "tremolo": "the bow changes all the time",
    "trill": "alternates with the next step of the scale",
}
"""How the notes of a channel may be played from then on, and what that is."""

FIXED_ROLES = {
    "bank-coarse": "upper half of the bank",
    "bank-fine": "lower half of the bank",
    "portamento-time": "time of the portamento, 20 ms to 2 s",
    "portamento": "portamento's switch",
    "portamento-from": "the next note is slid into from this key, in its bow if it is held",
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
    "all-notes-off": "all notes off; omni itself means nothing: all channels are heard",
    "mono": "mono",
    "poly": "poly",
}
"""What MIDI itself gives a number to, in every layout."""
