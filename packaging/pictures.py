"""Pictures of every page: `python packaging/pictures.py --project P --out DIR --theme light|dark --size 1280x800`.

Runs without a screen. For a screen of twice the density set QT_SCALE_FACTOR=2.
"""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from trasluz.ui.pictures import main

    sys.exit(main())
