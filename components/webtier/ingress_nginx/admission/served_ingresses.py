"""Which Ingresses the controller serves, in the expressions (CEL) that the API server evaluates.

Taken from the controller's `GetIngressClass` (internal/ingress/controller/store/store.go, the same in releases 1.0 to
1.15): `spec.ingressClassName` first; the annotation only where there is none; and neither of both only with
`--watch-ingress-without-class`.
"""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from webtier.shared.admission_policy import namespace_called

CLASS_ANNOTATION = "kubernetes.io/ingress.class"

ALL_OF_INGRESSES = ["ingresses", "ingresses/status"]
"""Who may write the status alone can change annotations with it."""


def _annotations(which: str) -> str:
    return f"(has({which}.metadata.annotations) ? {which}.metadata.annotations : {{}})"


IS_CHANGED = (
    f"oldObject == null || object.spec != oldObject.spec || {_annotations('object')} != {_annotations('oldObject')}"
)
"""Whether it is new, or anything of it changes that the controller reads."""


@dataclass(frozen=True)
class ServedIngresses:
    """`class_name` is the controller's own. `watched` is the namespace whose Ingresses it serves, None for all."""

    class_name: str
    without_class: bool
    watched: pulumi.Input[str] | None

    @property
    def are_known(self) -> str:
        """Whether an Ingress is served for what it says itself, without a look at any IngressClass."""
        annotations = _annotations("object")
        by_annotation = (
            f"('{CLASS_ANNOTATION}' in {annotations} ? {annotations}['{CLASS_ANNOTATION}'] == '{self.class_name}' "
            f": {str(self.without_class).lower()})"
        )
        return (
            f"has(object.spec.ingressClassName) ? object.spec.ingressClassName == '{self.class_name}' : {by_annotation}"
        )

    @property
    def namespace_selector(self) -> LabelSelectorArgs | None:
        """The namespaces; None for all. Those of others must not depend on whether this controller runs."""
        return None if self.watched is None else namespace_called(self.watched)
