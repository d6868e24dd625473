"""An Ingress that is being deleted is not changed any more: the API server refuses it, whoever asks.

The controller serves it until it is gone, which a finalizer can put off for as long as one likes, and its webhook tests
none that is being deleted (`CheckIngress`, internal/ingress/controller/controller.go, releases 1.11 to 1.15).
"""

from pulumi_kubernetes.admissionregistration.v1 import MatchConditionArgs, ValidationArgs

from webtier.ingress_nginx.admission.served_ingresses import ALL_OF_INGRESSES, IS_CHANGED, is_served_by, namespaces_of
from webtier.ingress_nginx.controller import Controller
from webtier.shared.admission_policy import make_admission_policy

_MESSAGE = (
    "this Ingress is being deleted, and the controller tests none that is: its spec and its annotations can't be "
    "changed any more. Create another one"
)


def make_deletion_guard(controller: Controller) -> None:
    """Lets what is left of an Ingress's life change its finalizers and labels, and nothing that is served."""
    children = controller.children
    make_admission_policy(
        controller.admission,
        children.cluster_wide(f"{controller.settings.namespace}-admission"),
        operation="UPDATE",
        api_group="networking.k8s.io",
        resources=ALL_OF_INGRESSES,
        namespaces=namespaces_of(controller),
        conditions=[MatchConditionArgs(name="class", expression=is_served_by(controller))],
        validation=ValidationArgs(
            expression=f"!has(object.metadata.deletionTimestamp) || !({IS_CHANGED})", message=_MESSAGE
        ),
        opts=children.options(),
        binding_opts=children.options(),
    )
