"""The report of drift in lines, as the terminal and the issue show them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from operations.drift.comparison import Consequence, Happened
from operations.drift.document import FieldDrift, ObjectDrift, StackDrift, WhoWrote
from operations.preview.report.texts import changed_lines, old_and_new

_RESTART = '["kubectl.kubernetes.io/restartedAt"]'
_CONSEQUENCES = {
    Consequence.PUT_BACK: "the next update puts it back",
    Consequence.REMOVE: "the next update removes it: the provider takes over what kubectl has set",
    Consequence.KEEP: "it stays: the program does not set it",
    Consequence.CONFLICT: "the next update fails with a conflict: another manager owns the field",
    Consequence.IGNORED: "it stays: the program ignores changes of it",
    Consequence.CREATE: "`up --refresh` makes it anew; plain `up` leaves it so, and fails where it has to change it",
}
_HAPPENED = {
    Happened.CHANGED: ("~", ""),
    Happened.GONE: ("-", ": gone"),
    Happened.REPLACED: ("±", ": deleted and made anew, not by this stack"),
    Happened.ENDING: ("-", ": being deleted"),
}


@dataclass(frozen=True)
class Detail:
    """At most so many objects of a stack, foreign ones too, and fields of an object."""

    objects: int
    fields: int


def verdict(stack: StackDrift) -> str:
    """`drift in 2 objects, 1 that is not of this stack (76 looked at)`."""
    if stack.failure:
        return "not known"
    found = [_counted(len(stack.objects), "object")] if stack.objects else []
    text = f"drift in {found[0]}" if found else "no drift"
    if stack.foreign:
        text += f", {_counted(len(stack.foreign), 'object')} not of this stack"
    return f"{text} ({stack.looked_at} looked at)"


def lines(stack: StackDrift, detail: Detail) -> Iterator[str]:
    """All but the verdict; nothing where there is nothing to say."""
    yield from stack.failure.splitlines()
    for each in stack.objects[: detail.objects]:
        yield from _object(each, detail.fields)
    yield from _more(len(stack.objects), detail.objects, "objects")
    if stack.foreign:
        yield "In the stack's namespaces, and not of this stack"
        for each in stack.foreign[: detail.objects]:
            yield f"? {each.kind} {each.place}, made {each.made}, {_by(each.by)}"
        yield from _more(len(stack.foreign), detail.objects, "objects")
    if stack.not_read:
        yield f"Not looked at, since the credential may not read them: {', '.join(stack.not_read)}"


def advice(stack: StackDrift) -> Iterator[str]:
    """What to do, in sentences; nothing where there is no drift."""
    if not stack.has_drifted:
        return
    yield (
        "Plain `pulumi up` looks at no live object: it touches only what the program changes. "
        f"`pulumi up --refresh --stack {stack.stack}` reads them first, and puts back what the program sets. What is "
        "to stay belongs into the program."
    )
    if any(field.consequence is Consequence.CONFLICT for each in stack.objects for field in each.fields):
        yield (
            "Conflicts: the update fails there, and begins nothing more unless it gets --continue-on-error. Give the "
            "field up (`kubectl edit --show-managed-fields` shows who owns it), or override its owner for once with "
            "PULUMI_K8S_ENABLE_PATCH_FORCE=true."
        )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _more(count: int, shown: int, what: str) -> Iterator[str]:
    if count > shown:
        yield f"… {count - shown} more {what}"


def _object(each: ObjectDrift, most: int) -> Iterator[str]:
    mark, what = _HAPPENED[each.happened]
    yield f"{mark} {each.kind} {each.place}{what}"
    if each.by:
        yield f"    {_by(each.by)}"
    if each.consequence:
        yield f"    {_CONSEQUENCES[each.consequence]}"
    for field in each.fields[:most]:
        yield from _field(field)
    yield from (f"    {line}" for line in _more(len(each.fields), most, "fields"))


def _field(field: FieldDrift) -> Iterator[str]:
    difference = field.difference()
    changed = changed_lines(difference)
    if difference.old == difference.new and field.consequence is Consequence.CONFLICT:
        yield f"    {field.path}: as the state has it, but owned by another manager"
    else:
        yield f"    {field.path}:" if changed else f"    {field.path}: {old_and_new(difference)}"
    yield from (f"      {line}" for line in changed or ())
    note = "; this is a restart by hand, and restarts once more when it goes" if field.path.endswith(_RESTART) else ""
    yield f"      {_by(field.by)}; {_CONSEQUENCES[field.consequence]}{note}"


def _by(managers: Sequence[WhoWrote]) -> str:
    if not managers:
        return "by whom is not kept"
    return "by " + ", ".join(_who(each) for each in managers)


def _who(each: WhoWrote) -> str:
    how = each.subresource or ("apply" if each.operation == "Apply" else "")
    # Kubernetes keeps none for what was written by way of a subresource.
    when = f" at {each.time}" if each.time else ""
    return f"{each.manager}{f' ({how})' if how else ''}{when}"
