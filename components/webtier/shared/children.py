"""What the objects that one component makes have in common: namespace, labels, options."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs


@dataclass(frozen=True, kw_only=True)
class Children:
    """The objects of the component `parent`.

    They have `labels`, and are in `namespace` unless they are cluster-wide. Pulumi waits for each as long as `timeout`,
    and for its deletion as long as `delete_timeout`.
    """

    parent: pulumi.Resource
    namespace: pulumi.Output[str]
    labels: Mapping[str, str]
    timeout: str = "10m"
    delete_timeout: str = "10m"

    def labelled(self, labels: Mapping[str, str]) -> Self:
        """The same with other labels."""
        return replace(self, labels=labels)

    def metadata(
        self, name: pulumi.Input[str] | None, annotations: Mapping[str, pulumi.Input[str]] | None = None
    ) -> ObjectMetaArgs:
        """For an object in the namespace; None leaves its name to Pulumi."""
        return ObjectMetaArgs(name=name, namespace=self.namespace, labels=self.labels, annotations=annotations)

    def cluster_wide(
        self, name: pulumi.Input[str], annotations: Mapping[str, pulumi.Input[str]] | None = None
    ) -> ObjectMetaArgs:
        """For an object outside of all namespaces."""
        return ObjectMetaArgs(name=name, labels=self.labels, annotations=annotations)

    def options(
        self,
        *after: pulumi.Resource,
        timeout: str | None = None,
        protect: bool | None = None,
        delete_before_replace: bool | None = None,
        replace_on_changes: list[str] | None = None,
        ignore_changes: list[str] | None = None,
        aliases: Sequence[pulumi.Alias] | None = None,
    ) -> pulumi.ResourceOptions:
        """For an object that is made once all of `after` are there."""
        waits = timeout or self.timeout
        return pulumi.ResourceOptions(
            parent=self.parent,
            depends_on=list(after),
            protect=protect,
            delete_before_replace=delete_before_replace,
            replace_on_changes=replace_on_changes,
            ignore_changes=ignore_changes,
            aliases=aliases,
            custom_timeouts=pulumi.CustomTimeouts(create=waits, update=waits, delete=self.delete_timeout),
        )


def register_declared_outputs(component: pulumi.ComponentResource, declared_by: type) -> None:
    """Ends a component's constructor: its outputs are those that its class declares, or one that it is made of."""
    own = [each for each in declared_by.__mro__ if issubclass(each, pulumi.ComponentResource)]
    names = [name for each in own if each is not pulumi.ComponentResource for name in inspect.get_annotations(each)]
    declared: dict[str, object] = {name: getattr(component, name) for name in names}
    component.register_outputs({name: declared[name] for name in declared if isinstance(declared[name], pulumi.Output)})
