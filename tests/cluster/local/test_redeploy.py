"""Everything goes and comes back; the data in Redis stays where it was."""

import pytest

from tests.cluster.harness.checks import check_all
from tests.cluster.harness.tier import Tier, eventually


@pytest.mark.nightly
def test_data_outlives_destroy_and_up(tier: Tier) -> None:
    with tier.redis() as client:
        for number in range(200):
            client.set(f"outlives:{number}", number)
        assert all(client.wait(1, 5000, target_nodes=node) >= 1 for node in client.get_primaries())
    # While it is there: a stack that is gone has no outputs.
    namespace = tier.namespace
    destroyed = tier.pulumi("destroy", "--yes", "--skip-preview")
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert {item["metadata"]["name"] for item in tier.items("namespaces")}.isdisjoint({namespace, "ingress-nginx"})
    claimed = {volume["spec"]["claimRef"]["namespace"] for volume in tier.items("persistentvolumes")}
    assert namespace not in claimed
    made = tier.pulumi("up", "--yes", "--skip-preview")
    assert made.returncode == 0, made.stdout + made.stderr
    eventually(lambda: check_all(tier), 60)
    with tier.redis() as client:
        assert [client.get(f"outlives:{number}") for number in range(200)] == [str(number) for number in range(200)]
