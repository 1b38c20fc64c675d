"""Lyrics: corpora, syllables, rhyme, patterns, copying. No Keras."""
