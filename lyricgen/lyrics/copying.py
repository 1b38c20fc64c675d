"""How much of a text stands in the training text."""

from __future__ import annotations

import numpy as np

NOT_IN_TRAINING = -1  # the code of a character that the training text lacks


def longest_copied_run(text: str, training: str) -> str:
    """Returns the longest run of a text that stands in the training text.

    Of equally long runs it is the first. Runs with a space or a line break at an end
    do not count. For many texts and one training text, `Copying` gives the same answer
    sooner.
    """
    longest = ""
    for start in range(len(text)):
        end = start + len(longest) + 1
        while end <= len(text) and text[start:end] in training:
            run = text[start:end]
            if run == run.strip():
                longest = run
            end += 1
    return longest


class Copying:
    """A sorted index of a training text, which finds the longest run copied from it.

    The places of the training text are sorted by the characters that follow them. For
    a million characters that takes about a second; then a poem takes milliseconds.

    Notebook: four_corpora
    """

    def __init__(self, training: str):
        """Sorts the places of the training text."""
        code_points = np.frombuffer(training.encode("utf-32-le"), np.uint32)
        alphabet, codes = np.unique(code_points, return_inverse=True)
        # 0 is the code of the places behind the end of the training text
        self.ids = {chr(point): code for code, point in enumerate(alphabet, 1)}
        self.bits = len(alphabet).bit_length()
        # the key of a place holds its first characters, as many as fit into an integer
        self.key_length = 62 // self.bits
        padding = np.zeros(self.key_length, np.int64)
        self.codes = np.concatenate([codes.astype(np.int64).ravel() + 1, padding])
        keys = np.zeros(len(code_points), np.int64)
        for k in range(self.key_length):
            keys = keys << self.bits | self.codes[k : k + len(code_points)]
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]

    def longest(self, text: str) -> str:
        """Returns the longest run of a text that stands in the training text.

        Of equally long runs it is the first. Runs with a space or a line break at an
        end do not count.
        """
        codes = [self.ids.get(character, NOT_IN_TRAINING) for character in text]
        longest = ""
        for start in range(len(codes)):
            if text[start].isspace():
                continue
            length = self._copied_length(codes, start, len(longest) + 1)
            run = text[start : start + length].rstrip()
            if len(run) > len(longest):
                longest = run
        return longest

    def _copied_length(self, codes: list[int], start: int, at_least: int) -> int:
        """Returns the length of the longest copied run that begins at `start`.

        Where it is shorter than `at_least`, the result is some number below that.
        """
        copied = 0
        length = min(at_least, self.key_length)
        places = self.order[:0]
        while length <= self.key_length and start + length <= len(codes):
            run = codes[start : start + length]
            if NOT_IN_TRAINING in run:
                return copied
            places = self._places(run)
            if not len(places):
                return copied
            copied = length
            length += 1
        # beyond the keys: of the places that agree so far, those that still agree
        while len(places) and start + copied < len(codes):
            places = places[places + copied < len(self.codes)]
            places = places[self.codes[places + copied] == codes[start + copied]]
            copied += len(places) > 0
        return copied

    def _places(self, run: list[int]) -> np.ndarray:
        """Returns the places of the training text at which a run of codes stands."""
        key = 0
        for code in run:
            key = key << self.bits | code
        missing_bits = self.bits * (self.key_length - len(run))
        bounds = [key << missing_bits, (key + 1) << missing_bits]
        first, end = np.searchsorted(self.keys, bounds)
        return self.order[first:end]
