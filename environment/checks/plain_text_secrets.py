"""Secrets where others can read them: in plain text in a stack's file, or in an object that holds none."""

from collections.abc import Collection, Iterator, Mapping
from functools import reduce

from environment.settings.plain_data import as_object, value_at
from environment.settings.schema import SettingsSchema
from webtier.shared.problems import Place, Problem


def check_plain_text_secrets(
    values: Mapping[str, object], secret_keys: Collection[str], schema: SettingsSchema
) -> Iterator[Problem]:
    """A problem for each key of a secret that is not among `secret_keys`, the encrypted ones."""
    for key in sorted(schema.secret_keys()):
        if key in values and key not in secret_keys:
            message = (
                f"it stands in plain text; set another one, encrypted, with: pulumi config set --secret webtier:{key}"
            )
            yield Problem((key,), message, has_value=False)


def check_secrets_in_redis_conf(values: Mapping[str, object], secret_keys: Collection[str]) -> Iterator[Problem]:
    """A problem where the settings of a Redis have an encrypted value and further keys of redis.conf.

    The engine says of the outermost key alone that there is one below it. No setting of a Redis is for a secret.
    """
    places: list[Place] = [("redis",)]
    places += [("standalone_redis", name) for name in as_object(values.get("standalone_redis")) or {}]
    for place in places:
        extra: Place = (*place, "conf", "extra")
        if place[0] in secret_keys and reduce(value_at, extra, values):
            message = (
                f"a value of '{place[0]}' is encrypted, and it would stand in a ConfigMap in plain text; allowed: no "
                "secrets"
            )
            yield Problem(extra, message, has_value=False)
