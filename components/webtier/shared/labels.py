"""The recommended `app.kubernetes.io/*` labels.

Selectors are immutable on Deployments and StatefulSets, so they are a small fixed subset of the
labels: adding a label to `recommended_labels` must never change what `selector_labels` returns.
"""

PART_OF = "webtier"
MANAGED_BY = "pulumi"


def selector_labels(name: str, instance: str, component: str | None = None) -> dict[str, str]:
    """The labels that pick an application's pods, stable for ever.

    `name` is the kind of application (`redis`, `web`), `instance` this one's unique name
    (`user-v1`), `component` its part in a larger whole (`shard-0`), when it has one.
    """
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": instance}
    if component is not None:
        labels["app.kubernetes.io/component"] = component
    return labels


def recommended_labels(
    name: str, instance: str, component: str | None = None, version: str | None = None
) -> dict[str, str]:
    """`selector_labels` and what says whose the object is: for `metadata.labels`.

    `version` is the application's (`v2`), where it is known; no selector may contain it.
    """
    labels = {
        **selector_labels(name, instance, component),
        "app.kubernetes.io/part-of": PART_OF,
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }
    if version is not None:
        labels["app.kubernetes.io/version"] = version
    return labels
