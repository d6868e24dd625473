"""Two Services without pods of their own: another name for a host, and a name for given addresses."""

import sys
from pathlib import Path

# The repository, which the components are in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pulumi

from examples.stage import page, set_stage
from webtier.service_exposure import ServiceExposure, ServiceExposureArgs, ServicePort
from webtier.service_exposure.settings import EndpointsExposure, ExternalNameExposure
from webtier.web_service import WebService, WebServiceArgs, WebServiceSettings

config = pulumi.Config()
stage = set_stage(config)

# Something to be another name for; it could as well be a host outside, such as db.example.com.
WebService(
    "hello",
    WebServiceArgs(
        WebServiceSettings(image=config.require("image"), replicas=1, files=page("hello from")), stage.namespace
    ),
    stage.options,
)
alias = ServiceExposure(
    "alias",
    ServiceExposureArgs(
        exposure=ExternalNameExposure(
            kind="external_name", host=f"hello.{config.require('namespace')}.svc.cluster.local"
        ),
        ports={},
        namespace=stage.namespace,
    ),
    stage.options,
)

outside = ServiceExposure(
    "outside",
    ServiceExposureArgs(
        exposure=EndpointsExposure(kind="endpoints", addresses=config.require_object("addresses")),
        ports={"http": ServicePort(port=80, target_port=config.require_int("port"))},
        namespace=stage.namespace,
    ),
    stage.options,
)

pulumi.export("namespace", stage.namespace)
pulumi.export("alias", alias.host)
pulumi.export("outside", outside.host)
