"""Images of nothing but one static binary."""

import shutil
from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import ImageRecipe, Job
from devcluster.images.rootfs import Account, add_accounts


def one_binary(recipe: Path, binary: str, program: str, uid: int) -> ImageRecipe:
    """The image whose only file is `/<program>`, run as `uid`; `binary` names the input, `recipe` the module."""

    def build(job: Job) -> None:
        job.root.mkdir()
        add_accounts(job.root, Account("nonroot", uid))
        shutil.copyfile(job.inputs[binary], job.root / program)
        (job.root / program).chmod(0o755)

    return ImageRecipe(
        build=build,
        sources=(recipe, Path(__file__)),
        config=ImageConfig(user=uid, entrypoint=(f"/{program}",)),
        inputs=(binary,),
    )
