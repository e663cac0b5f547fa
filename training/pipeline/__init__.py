"""All stages of a training, one after the other: their settings, what is done, what is left."""
