import pytest

pytest.importorskip("ray", reason="requirements-cluster.txt is not installed")

from ray.exceptions import RayTaskError, RuntimeEnvSetupError, WorkerCrashedError

from stages.cluster import nodes
from stages.cluster.nodes import Nodes
from stages.shared.cli import StageError
from tests.conftest import TRAIN
from tests.stages.cluster.fake import Cluster
from tests.stages.cluster.test_facts import HERE

REMEDY = (
    "give the nodes enough CPUs, the packages of requirements.txt, this Python and the same "
    "variables, or unset RAY_ADDRESS"
)
TWO = TRAIN.model_copy(update={"threads": 2})


@pytest.fixture
def lines() -> list[str]:
    """Give the lines that are said of the nodes."""
    return []


def test_nodes_like_this_machine_may_train(cluster: Cluster, lines: list[str]) -> None:
    """Each is asked once what it is, with the driver's OpenMP threads, and takes no CPU for it."""
    found = Nodes(TRAIN, lines.append)
    for _ in range(3):
        found.update()
    assert sorted(lines) == ["node A: as this machine", "node B: as this machine"]
    assert found.suitable == found.alive == {"a", "b"}
    assert found.names == {"a": "A", "b": "B"}
    assert [handle.args for handle in cluster.asked] == [("3",)] * 2
    assert sorted(map(sorted, (handle.nodes for handle in cluster.asked))) == [["a"], ["b"]]
    for handle in cluster.asked:
        assert handle.options | {"label_selector": None} == {
            "num_cpus": 0,
            "max_calls": 1,
            "max_retries": 0,
            "label_selector": None,
        }


def test_another_cpu_is_said_and_no_ground_to_refuse(cluster: Cluster, lines: list[str]) -> None:
    """With kernels for AVX2 the CPU cannot change a byte."""
    cluster.alive = {"a": {"CPU": 1.0}}
    cluster.facts["a"] = HERE | {"cpu": "Xeon", "cpu_caches": ["48K"]}
    found = Nodes(TRAIN, lines.append)
    found.update()
    assert lines == [
        "node A: cpu: Xeon there, AMD EPYC here; cpu_caches: ['48K'] there, ['32K'] here"
    ]
    assert found.suitable == {"a"}
    cluster.alive |= {"b": {"CPU": 1.0}}
    cluster.facts["b"] = cluster.facts["a"]
    native = Nodes(TRAIN.model_copy(update={"instruction_set": "native"}), lines.append)
    with pytest.raises(StageError, match=r"^no node may train; node [AB] gets no work: cpu: Xeon"):
        native.update()


def test_nodes_with_too_few_cpus_get_no_work(cluster: Cluster, lines: list[str]) -> None:
    """As many CPUs as threads are enough; a node without any is not asked either."""
    cluster.alive = {"a": {"CPU": 1.5}, "b": {"CPU": 2.0}, "c": {"memory": 9.0}}
    found = Nodes(TWO, lines.append)
    found.update()
    assert sorted(lines) == [
        "node A gets no work: 1.5 CPUs, train.threads is 2",
        "node B: as this machine",
        "node C gets no work: 0 CPUs, train.threads is 2",
    ]
    assert found.suitable == {"b"}


def test_a_run_ends_when_all_nodes_are_refused(cluster: Cluster, lines: list[str]) -> None:
    """The error has every ground; while a node has not answered, there is hope."""
    cluster.facts = {"a": HERE | {"code": "beef", "python": "3.12.0"}}
    found = Nodes(TRAIN, lines.append)
    found.update()
    found.update()
    refused = "node A gets no work: code: beef there, c0de here; python: 3.12.0 there, 3.11.7 here"
    assert lines == [refused]
    other = RayTaskError("describe", "its traceback", ImportError("no module\n" + "x" * 300))
    cluster.asked[-1 if cluster.asked[-1].nodes == {"b"} else 0].ends(error=other)
    with pytest.raises(StageError) as error:
        found.update()
    cannot = f"node B gets no work: it cannot run this project: no module {'x' * 190}"
    assert str(error.value) == f"no node may train; {refused}; {cannot}; {REMEDY}"
    assert lines == [refused, cannot]


def test_a_node_without_the_code_is_refused(cluster: Cluster, lines: list[str]) -> None:
    """Ray's own error is the ground."""
    cluster.facts["b"] = RuntimeEnvSetupError("no space for py_modules")
    Nodes(TRAIN, lines.append).update()
    assert len(lines) == 2
    assert "node B gets no work: it cannot run this project: " in "".join(lines)
    assert "no space for py_modules" in "".join(lines)


def test_a_node_whose_answer_was_lost_is_asked_again(cluster: Cluster, lines: list[str]) -> None:
    """A process that was killed, for its memory say, is no ground to refuse the node."""
    del cluster.alive["b"]
    cluster.facts["a"] = WorkerCrashedError()
    found = Nodes(TRAIN, lines.append)
    found.update()
    assert (lines, found.suitable) == ([], set())
    cluster.asked[-1].ends(HERE)
    found.update()
    assert (lines, found.suitable) == (["node A: as this machine"], {"a"})
    assert len(cluster.asked) == 2


def test_a_lost_node_gets_no_work(cluster: Cluster, lines: list[str]) -> None:
    """It is said once, also of one whose answer is awaited nothing more is expected."""
    found = Nodes(TRAIN, lines.append)
    del cluster.facts["b"]
    found.update()
    cluster.alive, cluster.gone = {}, ["a", "b"]
    found.update()
    found.update()
    assert lines == ["node A: as this machine", "node A: lost"]
    assert found.suitable == found.alive == set()
    assert found.asked == {}


def test_a_node_that_does_not_answer_is_asked_again(cluster: Cluster, lines: list[str]) -> None:
    """Until it answers it gets no work; a doubt about another one changes nothing."""
    found = Nodes(TRAIN, lines.append)
    found.update()
    del cluster.facts["a"]
    lines.clear()
    found.doubt("a")
    found.doubt("a")
    found.doubt("c")
    found.update()
    assert (lines, found.suitable) == (["node A: does not answer"], {"b"})
    assert [handle.nodes for handle in cluster.asked[2:]] == [{"a"}]
    cluster.asked[-1].ends(HERE)
    found.update()
    assert found.suitable == {"a", "b"}


def test_a_minute_without_a_node_ends_the_run(cluster: Cluster, lines: list[str]) -> None:
    """The minute begins when the last node was lost, and a refusal does not cut it short."""
    found = Nodes(TRAIN, lines.append)
    cluster.now = 50.0
    found.update()
    cluster.alive, cluster.gone = {"c": {"CPU": 1.0}}, ["a", "b"]
    cluster.facts["c"] = HERE | {"code": "beef"}
    for now in (51.0, 110.0):
        cluster.now = now
        found.update()
    refused = "node C gets no work: code: beef there, c0de here"
    assert lines[-1] == refused
    cluster.now = 110.5
    with pytest.raises(StageError) as error:
        found.update()
    assert str(error.value) == (f"no node that may train was there for 60 s; {refused}; {REMEDY}")


def test_a_cluster_never_replaces_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU here would compute other bytes than the nodes."""
    monkeypatch.setattr(nodes, "describe_node", lambda: HERE | {"gpus": ["A100"]})
    with pytest.raises(StageError) as error:
        Nodes(TRAIN, print)
    assert str(error.value) == (
        "found a GPU, and a cluster trains on CPUs, which add in another order: "
        "unset RAY_ADDRESS to train here"
    )
