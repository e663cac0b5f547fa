"""MIDI as the instrument means it: bytes, events, what channels were told, files and takes."""
