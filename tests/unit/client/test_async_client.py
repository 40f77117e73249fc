import asyncio
import inspect

import numpy as np
import pytest

from directrix.client import AsyncClient, Client, NotFound
from directrix.client.errors import Unavailable
from tests.unit.client.fake_values import draw


def run(target, story):
    async def told():
        async with AsyncClient(target) as client:
            return await story(client)

    return asyncio.run(told())


def test_the_twins_have_the_same_methods_and_arguments():
    def face(kind):
        public = {n: m for n, m in vars(kind).items() if not n.startswith("_")}
        return {n: list(inspect.signature(m).parameters.items()) for n, m in public.items()}

    only_async = face(AsyncClient).keys() - face(Client).keys()
    assert only_async == {"stream_edits"}
    for name, arguments in face(Client).items():
        assert [a[0] for a in face(AsyncClient)[name]] == [a[0] for a in arguments]
        assert [str(a[1]) for a in face(AsyncClient)[name]] == [str(a[1]) for a in arguments]


def test_discover_and_edit(client, target):
    async def story(asynchronous):
        handle = await asynchronous.discover("fashion", "sefa", ["classifier"])
        states = [job.progress.done async for job in handle.watch(interval=0.01)]
        found = await handle.result(timeout=30)
        moves = [(found.finding_set, 0, 1.0)]
        return states, await asynchronous.edit("fashion", index=2, moves=moves)

    states, edited = run(target, story)
    assert states[-1] == 3
    np.testing.assert_array_equal(edited.image, draw(3))


def test_what_jobs_would_cost(client, found, target, gateway):
    """The same for both; nothing is started."""
    sets = [found.finding_set]
    client.train_encoder("fashion", "encoder")
    client.audit_classifier("fashion", "classifier", sets)

    async def story(asynchronous):
        return [
            await asynchronous.estimate("fashion", "sefa"),
            await asynchronous.estimate_audit("fashion", "classifier", sets, samples=16),
            await asynchronous.estimate_encoder("fashion", "encoder"),
        ]

    before = len(gateway.metadata)
    told = run(target, story)
    assert told[0] == client.estimate("fashion", "sefa")
    assert told[1] == client.estimate_audit("fashion", "classifier", sets, samples=16)
    assert told[2] == client.estimate_encoder("fashion", "encoder")
    assert [each.seconds for each in told] == [60, 60, 60]
    assert len(gateway.metadata) == before


def test_many_at_once(client, target):
    async def story(asynchronous):
        edits = [asynchronous.edit("fashion", index=i) for i in range(10)]
        return [e.digest for e in await asyncio.gather(*edits)]

    assert run(target, story) == [client.edit("fashion", index=i).digest for i in range(10)]


def test_a_stream_answers_with_the_recipe_it_rendered(client, target):
    async def story(asynchronous):
        async def slider():
            for index in range(3):
                yield asynchronous.recipe("fashion", index=index)

        return [e async for e in asynchronous.stream_edits(slider(), encoding="raw")]

    answers = run(target, story)
    assert [a.sequence for a in answers] == [0, 1, 2]
    for answer in answers:
        assert answer.edited.recipe.seed.index == answer.sequence
        np.testing.assert_array_equal(answer.edited.image, draw(answer.sequence))


def test_a_stream_goes_on_where_a_gateway_broke_it_off(client, target, gateway):
    """With the newest recipe that had no answer; it ends where the service stays away."""

    async def story(asynchronous):
        shown = asyncio.Queue()
        answers = []

        async def slider():
            for index in range(6):
                yield asynchronous.recipe("fashion", index=index)
                await shown.get()

        async for answer in asynchronous.stream_edits(slider(), encoding="raw"):
            answers.append(answer)
            shown.put_nowait(None)
        return answers

    gateway.breaks = [2, 0, 1]
    answers = run(target, story)
    assert [answer.sequence for answer in answers] == list(range(6))
    for answer in answers:
        np.testing.assert_array_equal(answer.edited.image, draw(answer.sequence))
    assert gateway.breaks == []
    gateway.breaks = [1] + [0] * 100
    with pytest.raises(Unavailable):
        run(target, story)


def test_what_a_user_does_wrong_ends_a_stream(client, target):
    async def story(asynchronous):
        async def slider():
            yield asynchronous.recipe("fashion", index=0)
            raise KeyError("the user's own")

        return [e async for e in asynchronous.stream_edits(slider(), encoding="raw")]

    with pytest.raises(KeyError, match="own"):
        run(target, story)


def test_an_explanation_is_begun_again_where_its_gateway_goes_away(client, found, target, gateway):
    asked = ("fashion", "classifier", found.finding_set)

    async def story(asynchronous):
        told = asynchronous.stream_explanation(*asked, target="sneaker", index=9)
        return [event async for event in told]

    whole = len(run(target, story))
    for events in (
        lambda: run(target, story),
        lambda: list(client.stream_explanation(*asked, target="sneaker", index=9)),
    ):
        gateway.breaks = [1]
        answers = events()
        assert len(answers) == whole + 1
        assert answers[-1].image is not None


def test_errors_are_the_same_tree(client, target):
    async def story(asynchronous):
        await asynchronous.model("nothing")

    with pytest.raises(NotFound) as caught:
        run(target, story)
    assert caught.value.reason == "MODEL_NOT_FOUND" and caught.value.request_id == "req-1"
