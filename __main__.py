"""The program that `pulumi up` runs: settings, what they meet, tier, outputs."""

import pulumi

from environment.guard.cluster_ownership import examine
from environment.settings.loading import load_settings
from environment.tier import build_tier

settings = load_settings()

for name, output in build_tier(settings, examine(settings)).items():
    pulumi.export(name, output)
