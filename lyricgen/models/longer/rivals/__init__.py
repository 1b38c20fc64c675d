"""What the song VAE is compared with: the same encoder with another decoder."""
