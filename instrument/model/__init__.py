"""The exported instrument: what it says of itself, its graphs, its latent space."""
