"""A song: words and melody to a lead sheet, a page and sound."""
