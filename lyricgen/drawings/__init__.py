"""The course's drawings: networks, windows, masks and maps, as matplotlib figures.

Every function returns a figure, which `show.figure` shows with its sentence.
"""
