"""``python -m dualnet``: the command line, where its script is not on the path."""

import sys

from dualnet.cli import main

sys.exit(main())
