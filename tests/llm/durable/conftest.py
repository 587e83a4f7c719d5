"""Puts the folder above on the import path: the fakes of services are there."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
