"""Everything about a single Redis that is plain data, checked when it is made."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from webtier.redis_common.access import ClientAccessSettings
from webtier.redis_common.extra_conf import extra_notes
from webtier.redis_common.settings import (
    DEFAULT_IMAGE,
    DataSettings,
    RedisImage,
    check_memory,
    check_volume,
    data_notes,
    size_notes,
)
from webtier.redis_common.sizing import Memory
from webtier.redis_common.storage import DynamicStorage, LocalStorage, NfsStorage
from webtier.shared.model import DnsName, Settings
from webtier.shared.problems import wrong_setting
from webtier.shared.quantities import ByteQuantity, ResourceAmounts, ResourceSettings, parse_quantity
from webtier.shared.scheduling import SchedulingSettings
from webtier.shared.user_annotations import PodAnnotations
from webtier.shared.user_labels import UserLabels


class EphemeralStorage(Settings):
    """A folder of the pod's: it survives Redis' own crash, and goes when the pod does."""

    kind: Literal["ephemeral"] = Field(description="No volume.")
    size: ByteQuantity = Field(
        default="1Gi", description="What Redis may write to its node's disk; a pod that exceeds it is evicted."
    )


class RedisStandaloneSettings(Settings):
    """One Redis without replicas."""

    image: RedisImage = DEFAULT_IMAGE
    conf: DataSettings = Field(default=DataSettings(), description="Settings of redis.conf.")
    storage: Annotated[EphemeralStorage | DynamicStorage | LocalStorage | NfsStorage, Field(discriminator="kind")] = (
        Field(default=EphemeralStorage(kind="ephemeral"), description="Where the data is.")
    )
    resources: ResourceSettings = Field(
        default=ResourceSettings(
            requests=ResourceAmounts(cpu="50m", memory="128Mi"), limits=ResourceAmounts(memory="256Mi")
        ),
        description="Of the one pod. `limits.memory` must be set: Redis' maxmemory is derived from it.",
    )
    access: ClientAccessSettings = Field(default=ClientAccessSettings(), description="From outside the cluster.")
    scheduling: SchedulingSettings = Field(
        default=SchedulingSettings(), description="Which nodes the pod may run on, and before whom."
    )
    image_pull_secrets: list[DnsName] = Field(
        default_factory=list, description="Secrets of the namespace with which nodes pull the image."
    )
    labels: UserLabels = Field(default_factory=dict, description="Labels of your own, on all its objects and the pod.")
    pod_annotations: PodAnnotations = Field(default_factory=dict, description="Annotations of your own, on the pod.")

    @property
    def memory(self) -> Memory:
        """How the memory of the pod is shared out."""
        return self.conf.memory(self.resources)

    @model_validator(mode="after")
    def _fits_together(self) -> "RedisStandaloneSettings":
        storage = self.storage
        check_memory(self.resources)
        if not self.conf.keeps_nothing:
            check_volume(storage.size, self.memory.maxmemory)
        elif not isinstance(storage, EphemeralStorage):
            raise wrong_setting(
                ("storage", "kind"),
                "conf.appendonly is false and conf.save is empty, so that nothing would ever be written to the volume; "
                "allowed: storage of the kind ephemeral, appendonly true, or at least one save point",
                storage.kind,
            )
        most = self.resources.limits.ephemeral_storage
        if isinstance(storage, EphemeralStorage) and most and parse_quantity(most) < parse_quantity(storage.size):
            raise wrong_setting(
                ("resources", "limits", "ephemeral_storage"),
                f"less than storage.size, {storage.size}, which counts towards it: the pod would be evicted before "
                "its folder is full; allowed: more than storage.size, or null for no limit",
                most,
            )
        if isinstance(storage, LocalStorage) and len(storage.nodes) > 1:
            raise wrong_setting(
                ("storage", "nodes"), "one Redis has one volume, on one node; allowed: exactly one node", storage.nodes
            )
        return self

    def notes(self) -> list[str]:
        """What is allowed but may surprise: one sentence each, for the preview."""
        if not isinstance(self.storage, EphemeralStorage):
            return data_notes(self.conf, self.storage.size, self.memory)
        is_cache = self.conf.maxmemory_policy.startswith("allkeys-")  # its keys may go at any time
        note = (
            "storage.kind is ephemeral: all data goes with the pod, for which a lost node is enough, and yet "
            f"conf.maxmemory_policy is {self.conf.maxmemory_policy}; keep the data in a volume, or say with one of "
            "the policies allkeys-… that it is a cache"
        )
        sizes = [] if self.conf.keeps_nothing else size_notes(self.conf, self.storage.size, self.memory)
        return [*([] if is_cache else [note]), *sizes, *extra_notes(self.conf.extra)]
