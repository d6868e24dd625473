"""The program that `pulumi up` runs: settings, what they meet, tier, outputs."""

from dataclasses import fields

import pulumi

from environment.guard.cluster_ownership import examine
from environment.settings.loading import load_settings
from environment.tier import build_tier

settings = load_settings()
tier = build_tier(settings, examine(settings))

for output in fields(tier):
    pulumi.export(output.name, getattr(tier, output.name))
