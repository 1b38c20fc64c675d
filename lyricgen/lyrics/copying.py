"""How much of a text stands in the training text."""

from __future__ import annotations

import numpy as np


class Copying:
    """A training text, sorted by what begins at each place, that is asked for the longest run that another text has in common with it.

    A million characters take about a second to sort; then a poem takes milliseconds. Notebook: 04_lyrics_across_datasets
    """

    def __init__(self, training: str):
        points = np.frombuffer(training.encode("utf-32-le"), np.uint32)
        alphabet, codes = np.unique(points, return_inverse=True)
        self.ids = {chr(point): k for k, point in enumerate(alphabet, 1)}  # 0 stands behind the end
        width = int(len(alphabet)).bit_length()
        self.shift, self.n = width, 62 // width  # so many characters go into one number
        self.codes = np.concatenate(
            [codes.astype(np.int64).ravel() + 1, np.zeros(self.n, np.int64)]
        )
        keys = np.zeros(len(points), np.int64)
        for k in range(self.n):
            keys = keys << width | self.codes[k : k + len(points)]
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]

    def longest(self, text: str) -> str:
        """The longest run of a text that stands in the training text, the first of equals; spaces and line breaks at its ends do not count."""
        codes, best = (
            [self.ids.get(character, -1) for character in text],
            (0, 0),
        )  # -1: not in the training text
        for start in range(len(codes)):
            length = min(best[1] + 1, self.n)  # only a longer one is of interest
            while start + length <= len(codes) and -1 not in codes[start : start + length]:
                key = 0
                for code in codes[start : start + length]:
                    key = key << self.shift | code
                rest = self.shift * (self.n - length)
                places = self.order[
                    slice(*np.searchsorted(self.keys, [key << rest, (key + 1) << rest]))
                ]
                if not len(places):
                    break
                if length < self.n:
                    best, length = (start, length), length + 1
                    continue
                while len(places):  # places where the first `length` characters agree
                    if length > best[1]:
                        best = start, length
                    if start + length == len(codes):
                        break
                    places = places[places + length < len(self.codes)]
                    places, length = (
                        places[self.codes[places + length] == codes[start + length]],
                        length + 1,
                    )
                break
        return text[best[0] : sum(best)].strip()
