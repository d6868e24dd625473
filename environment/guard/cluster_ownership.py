"""What is refused before anything is sent: another cluster than the stack's, and namespaces that are not its own."""

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pulumi
from pulumi.runtime.rpc import UNKNOWN

from environment.guard.live_cluster import LiveCluster, LiveNamespace, NotLookedAtError, look_at_cluster
from environment.guard.own_state import Identity, OwnState, RecordedNamespace, read_own_state
from environment.settings.model import EnvironmentSettings
from environment.settings.report import SettingsError, key_text
from webtier.path_rules import GatewayRouting
from webtier.shared.problems import Place, Problem

WITHOUT_CLUSTER = "WEBTIER_WITHOUT_CLUSTER"
"""Environment variable: set for a preview against an empty state, which no cluster can be compared with."""

NOT_LOOKED_AT = "The cluster of the context"
"""What the warning of such a preview begins with."""

MADE_BY = "webtier/made-by"
"""Annotation of a namespace that a stack has made: the stack's name and what tells it from others of that name."""


@dataclass(frozen=True)
class Standing:
    """How the stack stands to its cluster. `adopted` are the namespaces that somebody else has made."""

    identity: Identity
    adopted: frozenset[str] = frozenset()

    def mark(self, stack: str) -> str:
        """The value of `MADE_BY`."""
        return UNKNOWN if self.identity.stack == UNKNOWN else f"{stack}/{self.identity.stack}"


@dataclass(frozen=True)
class _Asked:
    """A namespace among the settings, and whether it may be somebody else's."""

    place: Place
    name: str
    adopt: bool


def examine(settings: EnvironmentSettings) -> Standing:
    """Compares settings, state and cluster. SettingsError when anything of somebody else's would be touched.

    A preview works without a cluster, and then warns that it has not looked.
    """
    asked = _namespaces(settings)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # Each takes half a second, and most of it is another process' work.
        looking = pool.submit(_look, settings, asked)
        state = read_own_state()
    # What a preview made up would not be what the update makes up.
    identity = state.identity or Identity("", UNKNOWN if pulumi.runtime.is_dry_run() else secrets.token_hex(8))
    try:
        live = looking.result()
    except NotLookedAtError as reason:
        if not pulumi.runtime.is_dry_run():
            message = (
                f"its cluster can't be looked at: {reason}; allowed: a context of the kubeconfig whose cluster answers"
            )
            raise SettingsError(pulumi.get_stack(), [Problem(("context",), message, settings.context)]) from None
        pulumi.log.warn(
            f"{NOT_LOOKED_AT} '{settings.context}' was not looked at: {reason}. Whether it is the stack's "
            "own, and its namespaces are, is not known yet; `pulumi up` looks before it sends anything."
        )
        made = {name: recorded.is_made for name, recorded in state.namespaces.items()}
        return Standing(identity, frozenset(each.name for each in asked if not made.get(each.name, not each.adopt)))
    problems = [*_other_cluster(settings, state, live)] or [*_others_namespaces(asked, state, live, identity)]
    if problems:
        raise SettingsError(pulumi.get_stack(), problems)
    adopted = [each.name for each in asked if _is_others(each, state, live, identity)]
    return Standing(Identity(live.uid, identity.stack), frozenset(adopted))


def _look(settings: EnvironmentSettings, asked: list[_Asked]) -> LiveCluster:
    if os.environ.get(WITHOUT_CLUSTER):
        raise NotLookedAtError("this preview is against an empty state")
    return look_at_cluster(settings.kubeconfig, settings.context, [each.name for each in asked])


def _namespaces(settings: EnvironmentSettings) -> list[_Asked]:
    asked = [_Asked(("namespace",), settings.namespace, settings.adopt_namespace)]
    ingress = settings.ingress
    if ingress.install and not isinstance(settings.routing, GatewayRouting):
        asked.append(_Asked(("ingress", "namespace"), ingress.namespace, ingress.adopt_namespace))
    return asked


def _other_cluster(settings: EnvironmentSettings, state: OwnState, live: LiveCluster) -> Iterator[Problem]:
    known = state.identity.cluster if state.identity else ""
    if known in ("", live.uid):
        return
    both = f"the stack's cluster is {known}, and the one behind this context is {live.uid} (UIDs of kube-system)"
    if settings.move_to_cluster != live.uid:
        message = (
            f"{both}; allowed: a context of the stack's own cluster. For a second cluster make a stack of its own; to "
            f"move this one: pulumi config set webtier:move_to_cluster {live.uid}, and docs/configuration.md says how"
        )
        yield Problem(("context",), message, settings.context)
    elif state.objects:
        message = (
            f"{both}, and the state still has {state.objects} objects of the old one, which Pulumi would take for "
            "present in the new one; allowed once they are out of the state: destroy the stack while the old cluster "
            "answers, or let `pulumi refresh` forget what the new one does not have"
        )
        yield Problem(("move_to_cluster",), message, settings.move_to_cluster)


def _others_namespaces(
    asked: list[_Asked], state: OwnState, live: LiveCluster, identity: Identity
) -> Iterator[Problem]:
    for each in asked:
        found = live.namespaces.get(each.name)
        if found is not None and found.is_being_deleted:
            yield Problem(each.place, "it is being deleted; allowed once it is gone, or another name", each.name)
        elif found is not None and not each.adopt and _is_others(each, state, live, identity):
            adopt = key_text((*each.place[:-1], "adopt_namespace"))
            message = (
                f"this namespace exists, and this stack has not made it ({_origin(found)}); allowed: a name "
                f"that is free, or, to put the stack into a namespace of somebody else's on purpose, {adopt}: "
                "true, which leaves the namespace as it is and never deletes it"
            )
            yield Problem(each.place, message, each.name)


def _is_others(asked: _Asked, state: OwnState, live: LiveCluster, identity: Identity) -> bool:
    """Own is what carries this stack's mark, or what the state says that it has made, and still is that object.

    The mark is for an update that was cut off between the two.
    """
    found = live.namespaces.get(asked.name)
    if found is None or found.annotations.get(MADE_BY, "").endswith(f"/{identity.stack}"):
        return False
    return state.namespaces.get(asked.name) != RecordedNamespace(found.uid, is_made=True)


def _origin(found: LiveNamespace) -> str:
    made_by, _, _ = found.annotations.get(MADE_BY, "").rpartition("/")
    if made_by == pulumi.get_stack():
        return f"a stack that is also called '{made_by}' has, whose state is another one: if it is lost, adopt"
    if made_by:
        return f"the stack '{made_by}' has"
    return f"written to by: {', '.join(found.managers)}" if found.managers else "it does not say who has"
