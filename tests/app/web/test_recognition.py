"""Requests and the workers: which lane does a task, and how many wait for it."""

import asyncio
from concurrent.futures import Future
from typing import Any, cast

import pytest
from starlette.exceptions import HTTPException

from app import tasks
from app.web.recognition import Recognition
from app.web.turns import served_request
from app.workers import Workers
from pictures.files import TooLargeError
from tests.app.lanes import AtOnce, Do, Lane, need_more, repeat
from tests.app.web.clock import now, timeless
from tests.app.web.test_turns import asking

BUSY = "the server is busy with other pictures; try again"


@pytest.mark.parametrize("quick", [repeat, need_more])
@timeless
async def test_each_request_is_a_task_of_the_workers(quick: Do) -> None:
    """The answer is that of the task, from the patient worker if a quick one needs more."""
    workers = AtOnce(quick, repeat)
    recognition = Recognition(workers.as_workers())
    answers: list[Any] = [
        await recognition.recognise(b"a"),
        await recognition.draw_steps(b"b"),
        await recognition.explain("image", 9),
        await recognition.read_example(b"c"),
    ]
    assert answers == [
        (tasks.recognise_picture, b"a"),
        (tasks.draw_steps, b"b"),
        (tasks.explain, "image", 9),
        (tasks.read_example, b"c"),
    ]
    assert workers.quick.submitted == 4
    assert workers.patient.submitted == (0 if quick is repeat else 4)


@timeless
async def test_what_a_worker_says_of_a_picture_is_passed_on() -> None:
    """A picture that cannot be read is none for the patient worker."""
    error = TooLargeError("more than 100 megapixels")

    def refuse(*_: Any) -> Any:
        raise error

    workers = AtOnce(refuse)
    with pytest.raises(TooLargeError) as caught:
        await Recognition(workers.as_workers()).recognise(b"")
    assert caught.value is error
    assert workers.patient.submitted == 0


class Held:
    """Workers whose tasks end when the test says so."""

    def __init__(self) -> None:
        self.quick: Held | Lane = self
        self.patient = self
        self.futures: list[Future[Any]] = []

    def submit(self, *_: object) -> Future[Any]:
        self.futures.append(Future())
        return self.futures[-1]


class HeldPatient(Held):
    """Workers of which the quick ones pass all tasks on."""

    def __init__(self) -> None:
        super().__init__()
        self.quick = Lane(need_more)


async def status_of(task: asyncio.Task[Any]) -> tuple[int, str]:
    with pytest.raises(HTTPException) as caught:
        await task
    return caught.value.status_code, caught.value.detail


@pytest.mark.parametrize(("kind", "at_work", "waiting"), [(Held, 4, 200), (HeldPatient, 1, 8)])
@timeless
async def test_a_few_are_read_at_once_and_a_bounded_number_waits(
    kind: type[Held], at_work: int, waiting: int
) -> None:
    """Two pictures for each of two processes and 200 that wait; one long one, and 8 that wait."""
    workers = kind()
    recognition = Recognition(cast(Workers, workers))
    requests = []
    for number in range(at_work + waiting):
        served_request.set(asking(str(number)))
        requests.append(asyncio.create_task(recognition.recognise(b"")))
        await asyncio.sleep(0)
    await asyncio.sleep(1)
    assert len(workers.futures) == at_work
    assert not any(request.done() for request in requests)
    one_too_many = asyncio.create_task(recognition.recognise(b""))
    assert await status_of(one_too_many) == (503, BUSY)
    workers.futures[0].set_result({})
    assert await requests[0] == {}
    await asyncio.sleep(1)
    assert len(workers.futures) == at_work + 1
    await asyncio.sleep(8)  # in all, 10 seconds have passed
    assert [await status_of(request) for request in requests[at_work + 1 :]] == [(503, BUSY)] * (
        waiting - 1
    )
    assert now() == 10
    for future in workers.futures[1:]:
        future.set_result({})
    await asyncio.gather(*requests[1 : at_work + 1])


@timeless
async def test_a_task_that_does_not_end_gives_its_turn_back() -> None:
    """After twice the time of a patient worker the request is refused, and the task cancelled."""
    workers = HeldPatient()
    recognition = Recognition(cast(Workers, workers))
    lost = asyncio.create_task(recognition.recognise(b""))
    error = "the picture was not read in time; try again"
    assert await status_of(lost) == (503, error)
    assert now() == 14
    assert workers.futures[0].cancelled()
    following = asyncio.create_task(recognition.recognise(b""))
    await asyncio.sleep(1)
    workers.futures[1].set_result({})
    assert await following == {}
