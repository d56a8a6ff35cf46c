from pathlib import Path

import pytest
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks.profile import kind_of, milliseconds
from stages.shared.cli import StageError

CONVOLUTION = "StatefulPartitionedCall/cnn_1/conv2d_1/convolution:_MklNativeConv2D"


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (CONVOLUTION, "convolution, forward"),
        (
            "StatefulPartitionedCall/gradient_tape/cnn_1/conv2d_1/convolution/Conv2DBackpropInput:_Mkl",
            "convolution, input gradient",
        ),
        (
            "StatefulPartitionedCall/cnn_1/batch_normalization_1/moments/mean:Mean",
            "batch normalisation",
        ),
        ("StatefulPartitionedCall/AddN:AddN", "the rest"),
    ],
)
def test_kinds_of_operation(operation: str, kind: str) -> None:
    """Each operation name of TensorFlow's profiler belongs to one kind."""
    assert kind_of(operation) == kind


def _trace(path: Path, *threads: list[tuple[str, int]]) -> Path:
    """Write a trace with a list of (operation, milliseconds) per thread."""
    space = xplane_pb2.XSpace()
    plane = space.planes.add()
    for operations in threads:
        line = plane.lines.add()
        for name, duration in operations:
            metadata_id = len(plane.event_metadata)
            plane.event_metadata[metadata_id].name = name
            line.events.add(metadata_id=metadata_id, duration_ps=duration * 10**9)
    path.write_bytes(space.SerializeToString())
    return path


def test_time_by_kind_by_hand(tmp_path: Path) -> None:
    """The times of all threads are added; waiting is ignored."""
    waiting = ("Iterator::Prefetch", 50)
    trace = _trace(
        tmp_path / "trace",
        [(CONVOLUTION, 3), waiting, ("StatefulPartitionedCall/AddN:AddN", 1)],
        [(CONVOLUTION, 4)],
    )
    assert milliseconds(trace) == {"convolution, forward": 7, "the rest": 1}


def test_a_trace_without_operations_is_refused(tmp_path: Path) -> None:
    """A trace without a known operation is an error, not an empty table."""
    trace = _trace(tmp_path / "trace", [("Iterator::Prefetch", 50)])
    with pytest.raises(StageError, match=r"no operation .* expected names .*requirements\.txt"):
        milliseconds(trace)
