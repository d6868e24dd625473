"""One field manager for all objects of a stack."""

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

ANNOTATION = "pulumi.com/patchFieldManager"


def use_one_field_manager(stack: str) -> None:
    """Have every Kubernetes object of the running program applied as `webtier-<stack>`.

    The provider would make up a name for each object when it creates it, and keep it in the state. An
    update that is cut off between the creation and the state would then meet its own object as another
    manager's, and no later update could get past that conflict. The name differs by stack, so that two
    stacks that claim the same object still meet a conflict.
    """

    def name_it(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        metadata = args.props.get("metadata")
        if not args.type_.startswith("kubernetes:") or not isinstance(metadata, ObjectMetaArgs):
            return None
        if args.type_ == "kubernetes:core/v1:Namespace" and metadata.labels is None:
            # An adopted one: the name would be an annotation on what is somebody else's.
            return None
        own = pulumi.Output.from_input(metadata.annotations or {})
        metadata.annotations = own.apply(lambda annotations: {**annotations, ANNOTATION: f"webtier-{stack}"})
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    pulumi.runtime.register_stack_transformation(name_it)
