"""An Ingress that is being deleted is not changed any more: the API server refuses it, whoever asks.

The controller serves it until it is gone, which a finalizer can put off for as long as one likes, and its webhook tests
none that is being deleted (`CheckIngress`, internal/ingress/controller/controller.go, releases 1.11 to 1.15).
"""

from pulumi_kubernetes.admissionregistration.v1 import MatchConditionArgs, ValidationArgs

from webtier.ingress_nginx.admission.served_ingresses import ALL_OF_INGRESSES, IS_CHANGED, ServedIngresses
from webtier.shared.admission_policy import make_admission_policy
from webtier.shared.children import Children

_MESSAGE = (
    "this Ingress is being deleted, and the controller tests none that is: its spec and its annotations can't be "
    "changed any more. Create another one"
)


def make_deletion_guard(name: str, children: Children, cluster_name: str, served: ServedIngresses) -> None:
    """Lets what is left of an Ingress's life change its finalizers and labels, and nothing that is served."""
    make_admission_policy(
        name,
        children.cluster_wide(cluster_name),
        operation="UPDATE",
        api_group="networking.k8s.io",
        resources=ALL_OF_INGRESSES,
        namespaces=served.namespace_selector,
        conditions=[MatchConditionArgs(name="class", expression=served.are_known)],
        validation=ValidationArgs(
            expression=f"!has(object.metadata.deletionTimestamp) || !({IS_CHANGED})", message=_MESSAGE
        ),
        opts=children.options(),
        binding_opts=children.options(),
    )
