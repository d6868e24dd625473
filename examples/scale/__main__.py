"""One Deployment, scaled from one pod to two by a setting."""

import sys
from pathlib import Path

# The repository, which the components are in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pulumi

from examples.stage import page, set_stage
from webtier.service_exposure.settings import NodePortExposure
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

config = pulumi.Config()
stage = set_stage(config)

hello = WebService(
    "hello",
    WebServiceArgs(
        WebServiceSettings(
            image=config.require("image"),
            replicas=config.require_int("replicas"),
            files=page("hello from"),
            exposure=NodePortExposure(kind="node_port"),
        ),
        stage.namespace,
        node_address=stage.node_address,
    ),
    stage.options,
)

pulumi.export("namespace", stage.namespace)
pulumi.export("outside", hello.external_endpoints)
