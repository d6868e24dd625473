"""Two versions of one application and another application, listed and removed by their labels."""

import sys
from pathlib import Path

# The repository, which the components are in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pulumi

from examples.stage import page, set_stage
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

config = pulumi.Config()
stage = set_stage(config)

# By its name each is a version of an application: user-v2 is version v2 of user.
for name in ("user-v1", "user-v2", "pay-v1"):
    WebService(
        name,
        WebServiceArgs(
            WebServiceSettings(
                image=config.require("image"),
                replicas=1,
                files=page(name),
                labels={"team": "money" if name.startswith("pay") else "people"},
            ),
            stage.namespace,
        ),
        stage.options,
    )

pulumi.export("namespace", stage.namespace)
