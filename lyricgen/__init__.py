"""The course in notebooks: LSTMs and VAEs, taught with music and lyrics."""

__version__ = "0.1.0"
