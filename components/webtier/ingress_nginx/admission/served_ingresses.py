"""Which Ingresses the controller serves, in the expressions (CEL) that the API server evaluates.

Taken from the controller's `GetIngressClass` (internal/ingress/controller/store/store.go, the same in releases 1.0 to
1.15): `spec.ingressClassName` first; the annotation only where there is none; and neither of both only with
`--watch-ingress-without-class`.
"""

from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from webtier.ingress_nginx.controller import Controller
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


def is_served_by(controller: Controller) -> str:
    """Whether an Ingress is served for what it says itself, without a look at any IngressClass."""
    annotations, class_name = _annotations("object"), controller.settings.class_name
    by_annotation = (
        f"('{CLASS_ANNOTATION}' in {annotations} ? {annotations}['{CLASS_ANNOTATION}'] == '{class_name}' "
        f": {str(controller.settings.default_class).lower()})"
    )
    return f"has(object.spec.ingressClassName) ? object.spec.ingressClassName == '{class_name}' : {by_annotation}"


def namespaces_of(controller: Controller) -> LabelSelectorArgs | None:
    """The namespaces; None for all. Those of others must not depend on whether this controller runs."""
    return None if controller.watched is None else namespace_called(controller.watched)
