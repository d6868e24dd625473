"""One Deployment behind one Service, reached in three ways: port-forward, NodePort and ClusterIP."""

import sys
from pathlib import Path

# The repository, which the components are in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pulumi

from examples.stage import page, set_stage
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

config = pulumi.Config()
stage = set_stage(config)

hello = WebService(
    "hello",
    WebServiceArgs(
        WebServiceSettings.model_validate(
            {
                "image": config.require("image"),
                "replicas": 1,
                "files": page("hello from"),
                # Another kind changes the Service and leaves the pods alone.
                "exposure": {"kind": config.require("exposure")},
            }
        ),
        stage.namespace,
        node_address=stage.node_address,
    ),
    stage.options,
)

pulumi.export("namespace", stage.namespace)
pulumi.export("inside", hello.url)
pulumi.export("outside", hello.external_endpoints)
