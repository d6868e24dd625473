"""What the API server refuses by an expression (CEL), whoever asks: a policy and the binding that puts it to work."""

from collections.abc import Sequence

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
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs


def namespace_called(name: pulumi.Input[str]) -> LabelSelectorArgs:
    """Selects the namespace by the label that each has, and that can have no other value than its name."""
    return LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": name})


def make_admission_policy(
    name: str,
    metadata: ObjectMetaArgs,
    *,
    operation: str,
    api_group: str,
    resources: Sequence[str],
    validation: ValidationArgs,
    namespaces: LabelSelectorArgs | None,
    objects: LabelSelectorArgs | None = None,
    conditions: Sequence[MatchConditionArgs] | None = None,
    opts: pulumi.ResourceOptions,
    binding_opts: pulumi.ResourceOptions,
) -> ValidatingAdmissionPolicy:
    """Refuses one operation on resources of `api_group/v1`. `namespaces` and `objects` are None for all."""
    validation.reason = "Forbidden"
    policy = ValidatingAdmissionPolicy(
        name,
        metadata=metadata,
        spec=ValidatingAdmissionPolicySpecArgs(
            failure_policy="Fail",
            match_constraints=MatchResourcesArgs(
                resource_rules=[
                    NamedRuleWithOperationsArgs(
                        api_groups=[api_group], api_versions=["v1"], resources=resources, operations=[operation]
                    )
                ],
                object_selector=objects,
                namespace_selector=namespaces,
            ),
            match_conditions=conditions,
            validations=[validation],
        ),
        opts=opts,
    )
    spec = ValidatingAdmissionPolicyBindingSpecArgs(policy_name=policy.metadata.name, validation_actions=["Deny"])
    ValidatingAdmissionPolicyBinding(name, metadata=metadata, spec=spec, opts=binding_opts)
    return policy
