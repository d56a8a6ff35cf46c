"""A cluster without Ray: it does what Ray would, at once, on a clock that the test moves."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

HEAD = "ab" * 28  # the identity of the driver's node


class Handle:
    """A task that was given to the cluster; a test sets its `result`, or its `error`."""

    def __init__(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.name, self.args, self.options = name, args, options
        self.done = False
        self.result: Any = None
        self.error: Exception | None = None

    def ends(self, result: Any = None, error: Exception | None = None) -> None:
        """End the task well, or with an error."""
        self.done, self.result, self.error = True, result, error

    @property
    def nodes(self) -> set[str]:
        """The identities of the nodes that may run it."""
        text = self.options["label_selector"]["ray.io/node-id"]
        assert text[:3] + text[-1] == "in()"
        return set(text[3:-1].split(","))


class Remote:
    """An object whose methods are called like those of an actor, at once."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._actor, name)
        return SimpleNamespace(remote=method)


class Cluster:
    """Nodes, each "alive" or not, and what was asked of them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.alive: dict[str, dict[str, float]] = {}  # identity -> resources
        self.gone: list[str] = []
        self.facts: dict[str, Any] = {}  # identity -> what describes the node, or an exception
        self.asked: list[Handle] = []
        self.tasks: list[Handle] = []
        self.cancelled: list[Handle] = []
        self.actor: Any = None
        self.actor_options: dict[str, Any] = {}
        self.events: Iterator[Callable[[], None]] = iter(())

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {"NodeID": one, "NodeName": one.upper(), "Alive": True, "Resources": resources}
            for one, resources in self.alive.items()
        ] + [
            {"NodeID": one, "NodeName": one.upper(), "Alive": False, "Resources": {}}
            for one in self.gone
        ]

    def remote(self, **options: Any) -> Callable[[Any], Any]:
        def wrap(target: Any) -> Any:
            if isinstance(target, type):
                return SimpleNamespace(options=lambda **more: self._actor(target, options | more))
            return SimpleNamespace(remote=lambda *args: self._task(target, args, options))

        return wrap

    def _actor(self, kind: type, options: dict[str, Any]) -> Any:
        def start(*args: Any) -> Remote:
            self.actor, self.actor_options = kind(*args), options
            return Remote(self.actor)

        return SimpleNamespace(remote=start)

    def _task(self, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Handle:
        handle = Handle(function.__name__, args, options)
        if handle.name == "describe":
            self.asked.append(handle)
            (identity,) = handle.nodes
            facts = self.facts.get(identity)
            if isinstance(facts, Exception):
                handle.ends(error=facts)
            elif facts:
                handle.ends(facts)
        else:
            self.tasks.append(handle)
        return handle

    def get(self, handle: Any) -> Any:
        if not isinstance(handle, Handle):
            return handle
        assert handle.done, "this would wait"
        if handle.error:
            raise handle.error
        return handle.result

    def wait(
        self, handles: list[Handle], num_returns: int = 1, timeout: float | None = None
    ) -> tuple[list[Handle], list[Handle]]:
        assert timeout is not None, "this would wait for ever"
        assert 1 <= num_returns <= len(handles)
        if timeout:
            self.sleep(timeout)
        done = [handle for handle in handles if handle.done][:num_returns]
        return done, [handle for handle in handles if handle not in done]

    def cancel(self, handle: Handle, force: bool = False) -> None:
        assert force, "a process that hangs does not listen"
        self.cancelled.append(handle)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and the next thing happen."""
        self.now += seconds
        next(self.events)()
