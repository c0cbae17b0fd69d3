"""``python -m watcher``: the same as the command ``watcher``."""

import sys

from watcher.cli import main

sys.exit(main())
