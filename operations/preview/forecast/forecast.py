"""What a change will do to what runs: all parts of the forecast, as data and as sentences."""

from dataclasses import dataclass
from typing import Self

from operations.preview.forecast.addresses import AddressChange, address_changes
from operations.preview.forecast.data import DataChange, data_changes
from operations.preview.forecast.pod_sentences import pod_sentences
from operations.preview.forecast.pods import Roll, Scaling, rolls, scalings
from operations.preview.forecast.redis import ClusterForecast, cluster_forecasts
from operations.preview.forecast.servers import NewServer, new_servers
from operations.preview.model.change import Change


@dataclass(frozen=True)
class Forecast:
    """Each part in the order in which it is told."""

    rolls: tuple[Roll, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    clusters: tuple[ClusterForecast, ...] = ()
    addresses: tuple[AddressChange, ...] = ()
    data: tuple[DataChange, ...] = ()
    servers: tuple[NewServer, ...] = ()

    @classmethod
    def of(cls, change: Change) -> Self:
        """Of a change whose steps are known."""
        restarts = tuple(rolls(change))
        return cls(
            restarts,
            tuple(scalings(change)),
            tuple(cluster_forecasts(change, restarts)),
            tuple(address_changes(change)),
            tuple(data_changes(change)),
            tuple(new_servers(change)),
        )

    @property
    def has_fewer_pods(self) -> bool:
        """Whether a workload gets fewer pods than it has."""
        return any(each.old and each.new is not None and each.new < each.old for each in self.scalings)

    @property
    def takes_something(self) -> bool:
        """Whether pods, an address or a way back are lost."""
        is_for_good = bool(self.servers) or any(not each.can_be_undone for each in self.data)
        return self.has_fewer_pods or bool(self.addresses) or is_for_good

    @property
    def sentences(self) -> tuple[str, ...]:
        """What people read; what can't be undone comes last, where the eye stays."""
        of_clusters = (sentence for each in self.clusters for sentence in each.sentences())
        others = map(str, (*self.addresses, *self.data, *self.servers))
        return (*pod_sentences(self.rolls, self.scalings), *of_clusters, *others)
