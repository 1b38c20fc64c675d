"""python -m lyricgen: the command line of the course."""

import sys

try:
    import resource
except ImportError:
    # Windows has no limits on files.
    pass
else:
    # Where the size of files is limited, Python 3.11 cuts its .pyc files off without an
    # error, and every later import of such a module fails.
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
        sys.dont_write_bytecode = True

from lyricgen.cli.main import main  # noqa: E402  (the modules are imported after the check)

if __name__ == "__main__":
    sys.exit(main())
