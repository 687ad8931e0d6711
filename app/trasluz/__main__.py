"""`python -m trasluz`: the same as the command `trasluz`."""

import sys

from trasluz.cli import main

if __name__ == "__main__":
    sys.exit(main())
