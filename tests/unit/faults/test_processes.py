"""Which of the machine's processes are taken for a pod's Redis."""

from collections.abc import Iterator

import pytest

from tests.faults.harness import processes

TABLE = {
    1: ("redis-server", "pod-a"),
    2: ("valkey-server", "pod-b"),
    3: ("python3", "pod-b"),
    4: ("redis-server", "pod-ab"),
}


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def every() -> Iterator[int]:
        return iter(TABLE)

    def read(pid: int, file: str) -> str:
        name, uid = TABLE[pid]
        return {"comm": f"{name}\n", "cgroup": f"0::/webtier/node/kubepods/burstable/pod{uid}/container\n"}[file]

    monkeypatch.setattr(processes, "_all", every)
    monkeypatch.setattr(processes, "_read", read)


@pytest.mark.parametrize(("uid", "found"), [("pod-a", [1]), ("pod-b", [2]), ("pod-c", [])])
def test_a_server_is_found_whatever_its_program_is_called(uid: str, found: list[int]) -> None:
    assert processes.servers_of(uid) == found


def test_other_programs_of_the_pod_are_no_servers() -> None:
    assert processes.processes_of("pod-b") == [2, 3]
    assert processes.processes_of("pod-b", "python3") == [3]
