"""Tunes of 16 bars over the latents of a MusicVAE of two bars."""
