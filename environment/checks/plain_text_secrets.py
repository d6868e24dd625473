"""Secrets that stand in plain text in a stack's file, where everybody who sees the repository can read them."""

from collections.abc import Collection, Iterator, Mapping

from environment.settings.schema import SettingsSchema
from webtier.shared.problems import Problem


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
