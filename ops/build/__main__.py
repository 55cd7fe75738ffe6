"""`python -m ops.build`: see `ops.build.command`."""

import sys

from ops.build.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
