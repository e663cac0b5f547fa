"""The runtime of Arco: MIDI events in, DDSP audio out.

A note takes one direction: ``midi event → engine → voices → voice → latent → envelope → DDSP
controls → audio block``. Nothing in this package imports torch or ``training``.
"""

__version__ = "0.1.0"
