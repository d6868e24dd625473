# What this imports is in the pack's own environment, where the types of the project are not checked.
# pyright: basic, reportMissingImports=false
"""The policy pack, as the engine runs it beside a preview or an update: the rules, put into Pulumi's own classes.

All are advice unless a file of `stacks/` says otherwise: `pulumi preview --policy-pack policies --policy-pack-config
policies/stacks/prod.json`. It is a second pair of eyes. What may lose data is told from the change itself, which no
policy sees (`operations/preview/gate`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from webtier_policies.budgets import missing_budgets
from webtier_policies.credentials import plain_text_credentials
from webtier_policies.exposure import public_redis
from webtier_policies.images import missing_digests, moving_tags
from webtier_policies.limits import missing_limits
from webtier_policies.pod_security import unrestricted
from webtier_policies.protection import unprotected_data
from webtier_policies.resources import UNKNOWN, Resource, ResourceCheck, StackCheck


def of_resource(name: str, description: str, check: ResourceCheck) -> ResourceValidationPolicy:
    """A policy of each resource by itself."""

    def validate(given: ResourceValidationArgs, report: ReportViolation) -> None:
        for message in check(Resource(given.resource_type, given.urn, known(given.props), given.opts.protect)):
            report(message, None)

    return ResourceValidationPolicy(name, description, validate)


def of_stack(name: str, description: str, check: StackCheck) -> StackValidationPolicy:
    """A policy of all resources together."""

    def validate(given: StackValidationArgs, report: ReportViolation) -> None:
        for violation in check([resource(each) for each in given.resources]):
            report(violation.message, violation.urn)

    return StackValidationPolicy(name, description, validate)


def resource(given: PolicyResource) -> Resource:
    """What the SDK hands over of one resource of a stack."""
    return Resource(given.resource_type, given.urn, known(given.props), given.opts.protect)


def known(value: Any) -> Any:
    """The value as plain data. The SDK's own raises an error wherever something is not known yet."""
    if isinstance(value, Mapping):
        return {name: _looked_up(value, name) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_looked_up(value, index) for index in range(len(value))]
    return value


def _looked_up(holder: Any, key: Any) -> Any:
    try:
        return known(holder[key])
    except UnknownValueError:
        return UNKNOWN


PolicyPack(
    name="webtier",
    enforcement_level=EnforcementLevel.ADVISORY,
    policies=[
        of_resource("image-tag", "Images have a tag that stays the same.", moving_tags),
        of_resource("image-digest", "Images are named with a digest.", missing_digests),
        of_resource("resource-limits", "Containers have a memory limit and a cpu request.", missing_limits),
        of_resource("restricted-pods", "Pods keep to the Pod Security Standard 'restricted'.", unrestricted),
        of_resource("credentials-in-secrets", "No credential is plain text in a variable.", plain_text_credentials),
        of_resource("private-redis", "Redis is reached from within the cluster alone.", public_redis),
        of_stack("disruption-budget", "Workloads of several replicas have a budget.", missing_budgets),
        of_stack("protected-data", "What holds data is protected from deletion.", unprotected_data),
    ],
)
