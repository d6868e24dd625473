"""The part of a stack's picture that a change concerns, for the forms of the report that can show one."""

from operations.diagram.picture import Picture, changed_part, compared
from operations.diagram.resources import after, before
from operations.diagram.tier import tier
from operations.preview.report.document import StackReport


def changed_picture(stack: StackReport) -> Picture | None:
    """What changes in a picture of the stack, with what is right beside it; None where there is nothing to draw.

    Objects in which nothing but noise changes are as they were. What a preview that did not come to its end would
    change is not known, and so not drawn.
    """
    if not stack.change.complete:
        return None
    changed = {each.step.urn for component in stack.components for each in component.told}
    old, new = (
        tier(resources, f"What changes in {stack.stack}") for resources in (before(stack.change), after(stack.change))
    )
    part = changed_part(compared(old, new, changed))
    return part if part.nodes else None
