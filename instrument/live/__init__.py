"""The live driver: MIDI inputs and a sound device around the engine."""
