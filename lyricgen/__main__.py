"""python -m lyricgen: the command line of the course."""

import sys

from lyricgen.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
