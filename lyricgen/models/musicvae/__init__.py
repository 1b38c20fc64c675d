"""MusicVAE, a variational autoencoder of melodies."""
