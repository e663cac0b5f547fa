"""``python -m instrument.cli``."""

import sys

from instrument.cli import main

sys.exit(main())
