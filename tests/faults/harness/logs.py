"""The logs of all pods during a fault, also of those that it ended."""

import os
import shutil
import threading
from contextlib import suppress
from glob import iglob
from pathlib import Path
from typing import Self

from operations.local import PROJECT
from tests.faults.harness.deployment import RedisDeployment

FOLDER = PROJECT / "build" / "faults-logs"
INTERVAL = 0.5


class LogKeeper:
    """Gives every container's log a second name in `folder`, so that the kubelet can't remove it with the pod."""

    def __init__(self, deployment: RedisDeployment, folder: Path) -> None:
        self._deployment, self._folder = deployment, folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self._link()

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._link()

    def _link(self) -> None:
        """Below a machine's log folder: pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log"""
        for machine in self._deployment.tier.cluster.nodes:
            # Unlike Path.glob it goes on when a folder vanishes under it.
            for log in map(Path, iglob(f"{machine.log}/pods/{self._deployment.namespace}_*/*/*.log")):  # noqa: PTH207
                _, pod, uid = log.parent.parent.name.split("_")
                name = self._folder / f"{pod}.{log.parent.name}.{uid[:8]}.{log.stem}.log"
                # It may vanish at any moment.
                with suppress(FileExistsError, FileNotFoundError):
                    os.link(log, name)
