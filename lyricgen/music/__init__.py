"""Melodies: MIDI files, tune books, keys, measures. No Keras."""
