"""What a program is given and says of it: for a plain `pulumi preview`, without the objects that would follow."""

import dataclasses
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ["WEBTIER_PROJECT"])

from environment.settings.loading import load_settings
from environment.settings.raw_config import read_raw_config

given = dataclasses.asdict(read_raw_config())
Path(os.environ["WEBTIER_GIVEN"]).write_text(json.dumps(given, default=sorted))
load_settings()
