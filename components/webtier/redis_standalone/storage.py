"""The claim of a Redis that keeps its data, and the volume behind it where no provisioner makes one."""

from pulumi_kubernetes.core.v1 import PersistentVolumeClaim

from webtier.redis_common import volumes
from webtier.redis_common.storage import DynamicStorage, LocalStorage, NfsStorage
from webtier.redis_common.volumes import CLAIM
from webtier.redis_standalone.settings import EphemeralStorage
from webtier.shared.checksum import checksum
from webtier.shared.children import Children


def make_claim(
    name: str,
    children: Children,
    storage: EphemeralStorage | DynamicStorage | LocalStorage | NfsStorage,
    *,
    protect: bool,
) -> PersistentVolumeClaim | None:
    """The claim; None without a volume. With `protect` Pulumi deletes nothing that the data would go with.

    Another place is another claim and volume, which are made before the old ones are let go: of one
    name, the old would have to go first, and could not while the pod has it mounted. The folder of a
    volume made beforehand has a name that stays.
    """
    if isinstance(storage, EphemeralStorage):
        return None
    folder = f"{CLAIM}-{name}"
    claim = f"{folder}-{_place_hash(storage)}"
    if not isinstance(storage, DynamicStorage):
        volumes.make_storage_class(name, children, storage)
    resource_name = f"{name}-data"
    return volumes.make_claim(
        resource_name,
        children,
        storage,
        name=name,
        claim=claim,
        volume_name=resource_name,
        folder=folder,
        node=0,
        protect=protect,
    )


def _place_hash(storage: DynamicStorage | LocalStorage | NfsStorage) -> str:
    """Eight characters that change with what can't be changed about a volume, or about a claim for one made beforehand.

    Of named fields only: a field that a later version adds must not make every volume another one.
    """
    match storage:
        case LocalStorage():
            place = {"root": storage.root, "node": storage.nodes[0], "size": storage.size}
        case NfsStorage():
            place = {"server": storage.server, "path": storage.path, "size": storage.size}
        case DynamicStorage():
            place = dict[str, str]()
    return checksum({**place, "kind": storage.kind, "storage_class": storage.storage_class or ""})[:8]
