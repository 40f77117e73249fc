"""Records and messages as the version before wrote them: workers of this one take them up.

The texts are frozen: whoever adds a field to a record gives it a default, and adds a text here when
a version is released.
"""

import pytest

from services.jobs.job import Job, State, move
from services.jobs.specs import AuditSpec, DiscoverySpec, EncoderSpec

HEAD = (
    '"id":"o1","project":"default","request_id":"5b1f2a4e-0000-4000-8000-000000000001",'
    '"fingerprint":"f","progress":{"stage":"fit","done":3,"total":8,"note":""},"attempt":1,'
    '"stalls":0,"retries":0,"fence":4,"owner":"","cancel_requested":false,"retry_time":null,'
    '"create_time":"2026-11-01T10:00:00Z","update_time":"2026-11-01T10:01:00Z"'
)
MODEL = '{"name":"projects/default/models/%s","digest":"%s"}'
GENERATOR, CLASSIFIER = MODEL % ("g", "d1"), MODEL % ("c", "d2")
SPECS = {
    "discovery": (
        f'{{"generator":{GENERATOR},"predictors":[{CLASSIFIER}],"method":"sefa",'
        '"parameters":{"components":4},"seed":7,"samples":4096,"judges":[]}',
        DiscoverySpec,
    ),
    "encoder": (
        f'{{"generator":{GENERATOR},"embedder":null,"space":"w","steps":2000,"seed":0,"model":"e"}}',
        EncoderSpec,
    ),
    "audit": (
        f'{{"generator":{GENERATOR},"classifier":{CLASSIFIER},"finding_sets":[{{"name":"s",'
        '"digest":"d3"}],"reference":null,"rival":null,"allowed_scores":[],"allowed_findings":[],'
        '"groups":[],"seed":0,"samples":1024,"pictures":null,"steps":[-1.0,1.0],'
        '"random_findings":8,"explained":4,"noise_sd":0.1,"pairs":16}',
        AuditSpec,
    ),
}
DIGEST = "ed5c478c9635566370957f6b5b5e1faecce9518dab78cf46c13e2bfde25696c7"
RESULT = '{"finding_set":"projects/default/findingSets/f1","digest":"d4","count":4,"scored":true}'


def record(spec: str, state: str, result: str = "null") -> str:
    return f'{{{HEAD},"spec":{spec},"state":"{state}","error":null,"result":{result}}}'


@pytest.mark.parametrize("name", SPECS)
def test_a_job_that_runs_is_taken_up(name: str) -> None:
    text, kind = SPECS[name]
    job = Job.model_validate_json(record(text, "running"))
    assert type(job.spec) is kind
    assert (job.fence, job.progress.done, job.request_id[:8]) == (4, 3, "5b1f2a4e")
    again = move(job, State.WAITING_RETRY, fence=5)
    assert Job.model_validate_json(again.model_dump_json()) == again


def test_a_job_that_has_ended_keeps_its_result() -> None:
    job = Job.model_validate_json(record(SPECS["discovery"][0], "succeeded", RESULT))
    assert job.result is not None and job.result.digest == "d4"


def test_a_specification_keeps_its_digest() -> None:
    """Checkpoints and populations of a job are found by it."""
    spec = DiscoverySpec.model_validate_json(SPECS["discovery"][0])
    assert spec.digest == DIGEST
