"""Slots that are under way while a master hands over.

Redis does not replicate which these are. Without its mark the next master says of a key that has moved already that
there is none, and takes writes for it; and the other end goes on with a node that is a replica now. (Valkey 8 and later
replicate it.)
"""

from functools import partial

from ..errors import CommandRefusedError
from ..redis.client import Command, Connector, Node
from ..redis.reach import ask_member_if_reachable
from ..redis.view import ClusterView


def mark(heir: Node, view: ClusterView) -> int:
    """Gives the heir what `view`, of the master before, says is under way. How many slots that are."""
    marks: list[Command] = [("CLUSTER", "SETSLOT", slot, "MIGRATING", other) for slot, other in view.migrating.items()]
    marks += [("CLUSTER", "SETSLOT", slot, "IMPORTING", other) for slot, other in view.importing.items()]
    # One that has arrived since is refused, and so is one that Valkey has passed on.
    heir.ask_each(marks)
    return len(marks)


def tell_other_ends(heir_id: str, view: ClusterView, connector: Connector) -> bool:
    """Who takes or gives a slot goes on with the heir. False while one does not know yet that the heir is a master.

    Those that don't answer learn it by the next converge.
    """
    ends = {*view.migrating.values(), *view.importing.values()}
    records = [view.records[node_id] for node_id in ends if node_id in view.records]
    go_on = partial(_go_on_with, heir_id, view)
    return False not in [ask_member_if_reachable(record, go_on, connector) for record in records]


def _go_on_with(heir_id: str, before: ClusterView, node: Node) -> bool:
    view = node.view()
    owners = view.owners()
    # It forgets the owner of what it imports when that becomes a replica, and then serves nothing of it.
    taken = [slot for slot in before.migrating if slot in view.importing and owners.get(slot) != heir_id]
    given = [slot for slot in before.importing if view.migrating.get(slot, heir_id) != heir_id]
    commands: list[Command] = [("CLUSTER", "SETSLOT", slot, "NODE", heir_id) for slot in taken]
    commands += [("CLUSTER", "SETSLOT", slot, "MIGRATING", heir_id) for slot in given]
    return not any(isinstance(answer, CommandRefusedError) for answer in node.ask_each(commands)) if commands else True
