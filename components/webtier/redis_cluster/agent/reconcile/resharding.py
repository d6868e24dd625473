"""Which slots have to move, seen from what the members say. Pure.

A slot under way is always finished forwards: its target may hold keys that no other node has. Only
then the rest is made even, and the slots of a shard that is to be removed go to those that stay.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ..errors import RefusedError
from ..features import Feature
from ..redis.topology import describe_slots
from .cluster_state import ClusterState, NodeState
from .steps import Action, Goal, Move, Step, leader_of, members_of

Transfer = tuple[int, int, tuple[int, ...]]
"""From a shard, to a shard, these slots in ascending order."""


def finish_open_slots(goal: Goal, state: ClusterState) -> Iterator[Action]:
    """Slots that an earlier run left half moved, and keys that it left where they do not belong.

    To be asked also while members are missing: until such a slot is closed, some of its keys are
    out of clients' reach when a node that redirected to them has failed.
    """
    nodes = {node.id: node for node in state.all_nodes if node.myself.is_master}
    closed = defaultdict[tuple[str, str], set[int]](set)
    moves = defaultdict[tuple[str, str], set[int]](set)
    # Of several that claim a slot the newest claim counts, as it does for Redis itself.
    by_epoch = sorted(nodes.values(), key=lambda node: node.myself.epoch)
    owners = {slot: node for node in by_epoch for slot in node.myself.slots}
    for slot, node, target in _marks(goal, nodes):
        owner = owners.get(slot)
        if owner is None:
            yield f"slot {slot} is half moved, and its owner does not answer"
        elif target is node is owner or (target is not node and owner is not node):
            closed[node.id, owner.id].add(slot)
        elif target is None:
            yield f"slot {slot} is half moved, and the master that it goes to does not answer"
        elif _is_rightful(target, nodes):
            moves[owner.id, target.id].add(slot)
    for (node_id, owner_id), slots in closed.items():
        yield _close(nodes[node_id], nodes[owner_id], slots)
    for (source_id, target_id), slots in moves.items():
        yield Move(nodes[source_id], nodes[target_id], tuple(sorted(slots)))


def _marks(goal: Goal, nodes: Mapping[str, NodeState]) -> Iterator[tuple[int, NodeState, NodeState | None]]:
    """Slot, who says that it is under way, and to whom. A slot's owner knows better than who receives it."""
    leaving = {slot for node in nodes.values() for slot in node.myself.slots & node.view.migrating.keys()}
    for node in nodes.values():
        for slot, target in node.view.migrating.items():
            yield slot, node, _current_master(goal, node, target, nodes)
        for slot in {*node.view.importing, *node.strays} - leaving:
            yield slot, node, node


def _current_master(goal: Goal, node: NodeState, target: str, nodes: Mapping[str, NodeState]) -> NodeState | None:
    """The target, or who has taken over its shard since."""
    found = nodes.get(target)
    if found is not None and _is_rightful(found, nodes):
        return found
    record = node.view.records.get(target)
    member = goal.topology.parse(record.address.hostname) if record else None
    mates = members_of(nodes.values(), member.shard) if member else []
    return next((mate for mate in mates if mate.owns_slots), None)


def _is_rightful(node: NodeState, nodes: Mapping[str, NodeState]) -> bool:
    """Not a master beside its shard's master: what that one holds, a person has to look at."""
    return node.owns_slots or not any(mate.owns_slots for mate in members_of(nodes.values(), node.member.shard))


def _close(node: NodeState, owner: NodeState, slots: set[int]) -> Step:
    """Only the marks are left. Who still believes to own a slot must not begin to take writes for it."""
    claimed = slots & node.myself.slots if node is not owner else set[int]()
    commands = [
        ("CLUSTER", "SETSLOT", slot, "NODE", owner.id) if slot in claimed else ("CLUSTER", "SETSLOT", slot, "STABLE")
        for slot in sorted(slots)
    ]
    return Step(node, tuple(commands), f"{node.pod} closes the slots {describe_slots(slots)}, which {owner.pod} owns")


def rebalance(goal: Goal, state: ClusterState) -> Iterator[Action]:
    """Every shard of the topology gets its even part, and the others give all that they have."""
    if state.outside and Feature.DRAIN in goal.without:
        return
    masters: dict[int, NodeState] = {}
    for node in state.all_nodes:
        if node.owns_slots:
            other = masters.setdefault(node.member.shard, node)
            if other is not node:
                yield f"{' and '.join(sorted((other.pod, node.pod)))} both own slots of shard {node.member.shard}"
                return
    owned = {shard: node.myself.slots for shard, node in masters.items()}
    for shard in range(goal.topology.shards):
        masters.setdefault(shard, leader_of(state.nodes, shard))
    transfers = even_transfers(owned, goal.topology.shards)
    if transfers:
        _check_room(goal, masters)
    for source, target, slots in transfers:
        yield Move(masters[source], masters[target], slots)


def even_transfers(owned: Mapping[int, set[int]], shards: int) -> list[Transfer]:
    """What makes shards 0 to `shards` - 1 equal to within one slot, and leaves all others with none.

    `owned` gives each shard's slots; who has none may be left out. The same question has the same
    answer, and after a part of it has been done the rest is the answer.
    """
    targets = _targets(owned, shards)
    # The highest ones go, so that what stays is in one piece where it was.
    offers = [(shard, sorted(owned[shard])[targets.get(shard, 0) :]) for shard in sorted(owned)]
    transfers: list[Transfer] = []
    for shard in range(shards):
        lacking = targets[shard] - len(owned.get(shard, ()))
        while lacking > 0:
            giver, slots = next(offer for offer in offers if offer[1])
            transfers.append((giver, shard, tuple(slots[:lacking])))
            lacking -= len(transfers[-1][2])
            del slots[: len(transfers[-1][2])]
    return transfers


def _targets(owned: Mapping[int, set[int]], shards: int) -> dict[int, int]:
    """Who has the most keeps one more, where the slots do not divide: that moves the fewest."""
    even, rest = divmod(sum(len(slots) for slots in owned.values()), shards)
    by_size = sorted(range(shards), key=lambda shard: (-len(owned.get(shard, ())), shard))
    return {shard: even + (place < rest) for place, shard in enumerate(by_size)}


def _check_room(goal: Goal, masters: dict[int, NodeState]) -> None:
    """Better nothing is moved than a part of it, until the first master that has to take more refuses."""
    staying = [node for shard, node in masters.items() if shard < goal.topology.shards]
    room = sum(node.memory_limit for node in staying)
    used = sum(node.memory for node in masters.values())
    if len(staying) < len(masters) and all(node.memory_limit for node in staying) and used > room:
        raise RefusedError(
            f"the data of {len(masters)} shards uses {used / 1e6:.1f} MB, and the {len(staying)} that are to stay may "
            f"use {room / 1e6:.1f} MB (maxmemory) and evict nothing. Set the number of shards back to {len(masters)}, "
            "or give them more memory first"
        )


def not_drained(state: ClusterState) -> Iterator[str]:
    """A master that is to be removed may be deleted once this is empty: it holds no key any more."""
    for node in state.outside:
        if node.myself.is_master and not node.owns_slots and node.keys:
            yield f"{node.pod} is to be removed, owns no slot and still holds {node.keys} keys"
