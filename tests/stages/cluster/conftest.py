from types import SimpleNamespace

import pytest

from tests.stages.cluster.fake import HEAD, Cluster
from tests.stages.cluster.test_facts import HERE

# Ray's workers give way to all other processes. On a busy machine they would hardly go on.
NICENESS = {"RAY_worker_niceness": "0"}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Give a cluster of two nodes like this machine, "a" and "b", of one CPU each."""
    from stages.cluster import driver, nodes, states  # here, because Ray may not be installed

    cluster = Cluster()
    cluster.alive = {"a": {"CPU": 1.0}, "b": {"CPU": 1.0}}
    cluster.facts = {"a": HERE, "b": HERE}
    for name in ("nodes", "remote", "get", "wait", "cancel"):
        monkeypatch.setattr(f"ray.{name}", getattr(cluster, name))
    monkeypatch.setattr("ray.put", lambda data: data)
    context = SimpleNamespace(get_node_id=lambda: HEAD)
    monkeypatch.setattr("ray.get_runtime_context", lambda: context)
    # Theirs alone: threads that other tests have left may sleep meanwhile.
    clock = SimpleNamespace(monotonic=lambda: cluster.now, sleep=cluster.sleep)
    monkeypatch.setattr(nodes, "describe_node", lambda: HERE)
    for module in (driver, nodes, states):
        monkeypatch.setattr(module, "time", clock)
    for module in (driver, nodes):
        monkeypatch.setattr(module, "OMP_THREADS", "3")
    return cluster
