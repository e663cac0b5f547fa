"""A recorded note is heard: pitch, loudness, segments, and its place in the latent space."""
