"""A page in the browser that shows the latent space and plays the instrument in it."""
