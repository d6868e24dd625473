"""Published definitions of custom resources, for as long as a test needs them."""

from collections.abc import Generator
from contextlib import contextmanager

from command_line.go_builds import required_module
from operations.local import PROJECT
from tests.cluster.harness.tier import Tier, eventually


@contextmanager
def definitions(tier: Tier, module: str, *files: str) -> Generator[None]:
    """Those in these files of a Go module that tests/custom_resources/go.mod requires; they are deleted in the end."""
    folder = required_module(PROJECT / "tests" / "custom_resources", module, tier.paths)
    options = [word for file in files for word in ("-f", str(folder / file))]
    try:
        tier.kubectl("apply", "--server-side", *options)
        # Until it has any condition at all, `kubectl wait` fails at once.
        eventually(lambda: tier.kubectl("wait", "--for=condition=Established", *options, "--timeout=60s"), 60)
        yield
    finally:
        tier.kubectl("delete", "--ignore-not-found", *options, "--timeout=60s")
