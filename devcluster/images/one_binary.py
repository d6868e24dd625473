"""Images of nothing but one static binary: CoreDNS, and the Prometheus exporter for Redis as the official image is."""

import shutil
from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import ImageRecipe, Job
from devcluster.images.rootfs import Account, add_accounts


def _one_binary(binary: str, program: str, uid: int) -> ImageRecipe:
    """The image whose only file is `/<program>`, run as `uid`; `binary` names the input."""

    def build(job: Job) -> None:
        job.root.mkdir()
        add_accounts(job.root, Account("nonroot", uid))
        shutil.copyfile(job.inputs[binary], job.root / program)
        (job.root / program).chmod(0o755)

    return ImageRecipe(
        build=build,
        sources=(Path(__file__),),
        config=ImageConfig(user=uid, entrypoint=(f"/{program}",)),
        inputs=(binary,),
    )


COREDNS = _one_binary("coredns", "coredns", uid=65532)
REDIS_EXPORTER = _one_binary("redis-exporter", "redis_exporter", uid=59000)
