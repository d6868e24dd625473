"""An Ingress that is being deleted is not changed any more: the API server refuses it, whoever asks.

The controller serves it until it is gone, which a finalizer can put off for as long as one likes, and its webhook tests
none that is being deleted (`CheckIngress`, internal/ingress/controller/controller.go, releases 1.11 to 1.15).
"""

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import (
    MatchConditionArgs,
    MatchResourcesArgs,
    NamedRuleWithOperationsArgs,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpecArgs,
    ValidatingAdmissionPolicySpecArgs,
    ValidationArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from webtier.ingress_nginx.admission.served_ingresses import ALL_OF_INGRESSES, IS_CHANGED, ServedIngresses

_MESSAGE = (
    "this Ingress is being deleted, and the controller tests none that is: its spec and its annotations can't be "
    "changed any more. Create another one"
)


def make_deletion_guard(
    name: str, *, metadata: ObjectMetaArgs, served: ServedIngresses, opts: pulumi.ResourceOptions
) -> None:
    """Lets what is left of an Ingress's life change its finalizers and labels, and nothing that is served."""
    policy = ValidatingAdmissionPolicy(
        name,
        metadata=metadata,
        spec=ValidatingAdmissionPolicySpecArgs(
            failure_policy="Fail",
            match_constraints=MatchResourcesArgs(
                resource_rules=[
                    NamedRuleWithOperationsArgs(
                        api_groups=["networking.k8s.io"],
                        api_versions=["v1"],
                        resources=ALL_OF_INGRESSES,
                        operations=["UPDATE"],
                    )
                ],
                namespace_selector=served.namespace_selector,
            ),
            match_conditions=[MatchConditionArgs(name="class", expression=served.are_known)],
            validations=[
                ValidationArgs(
                    expression=f"!has(object.metadata.deletionTimestamp) || !({IS_CHANGED})",
                    message=_MESSAGE,
                    reason="Forbidden",
                )
            ],
        ),
        opts=opts,
    )
    ValidatingAdmissionPolicyBinding(
        name,
        metadata=metadata,
        spec=ValidatingAdmissionPolicyBindingSpecArgs(policy_name=policy.metadata.name, validation_actions=["Deny"]),
        opts=opts,
    )
