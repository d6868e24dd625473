"""The clusters of real Redis processes, which `operations` looks at too."""

from tests.unit.webtier.redis_cluster.conftest import formed as formed
