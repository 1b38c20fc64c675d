"""The command line: python -m lyricgen."""
