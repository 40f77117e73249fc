"""Keys of all objects: made of ids and digests only, and nowhere else.

    objects/<p>/<sha256>                              content, named after itself
    models-by-digest/<p>/<digest>                     which objects a model is made of
    projects/<p>/models/<id>                          a model's name: its digest and card
    finding-sets-by-digest/<p>/<digest>               a manifest
    projects/<p>/findingSets/<id>                     a finding set's name: its manifest again
    scorecards/<p>/<digest of the set>                which object its scorecard is
    projects/<p>/audits/<id>                          an audit's name: its manifest
    scores/<p>/<population>/<predictor>/<start>-<n>   one shard, sealed with its sha256
    costs/<p>/<digest of a kind of job>/<id>          what a job of it has cost
    methods                                           what the workers can do
    loose-objects                                     since when nothing points to which content
    projects/<p>/operations/<id>/<version>            a job record; the last version holds
    active/<p>/<id>                                   a job that may not have ended yet
    requests/<p>/<sha256 of request id>               which job a request started
    checkpoints/<p>/<id>/<digest of the spec>/<name>  state of a running job, sealed
    trail/<p>/<chain>/<first record>                  some records of the audit trail
    trail-heads/<p>/<chain>                           how far a chain of them goes

<p> is a project. Everything but `methods` and `loose-objects` belongs to one: what two projects
both have is stored twice, so that no project learns from a digest what another has, and one can be
erased whole.

No key is a folder of another: servers over a file system could not hold both.
"""

import hashlib
import re

from directrix.errors import InvalidField

METHODS = "methods"
ACTIVE = "active/"
PROJECTS = "projects/"
REQUESTS = "requests/"
CHECKPOINTS = "checkpoints/"
OBJECTS = "objects/"
LOOSE = "loose-objects"
KINDS = (
    "active", "projects", "requests", "checkpoints", "costs", "scorecards",
    "finding-sets-by-digest", "models-by-digest", "scores", "objects",
)  # fmt: skip
"""Of what projects have, in the order in which it can be taken away: pointers before content."""
TRAIL_KINDS = ("trail-heads", "trail")
"""What is recorded of it: digests and names, no content."""

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SET_ID = re.compile(r"f[0-9a-f]{40}")


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def belongings(project: str) -> tuple[str, ...]:
    """The prefixes of all that a project has, but for its trail: what points to others first."""
    return tuple(f"{kind}/{_id(project)}/" for kind in KINDS)


def recorded(project: str) -> tuple[str, ...]:
    """The prefixes of a project's audit trail: the heads of its chains first."""
    return tuple(f"{kind}/{_id(project)}/" for kind in TRAIL_KINDS)


def content(project: str, sha256: str) -> str:
    return f"objects/{_id(project)}/{_digest(sha256)}"


def model_by_digest(project: str, digest: str) -> str:
    return f"models-by-digest/{_id(project)}/{_digest(digest)}"


def models(project: str) -> str:
    """Prefix of the models of a project; with an id, also the resource name."""
    return f"projects/{_id(project)}/models/"


def model(project: str, model_id: str) -> str:
    return models(project) + _id(model_id)


def finding_set_by_digest(project: str, digest: str) -> str:
    return f"finding-sets-by-digest/{_id(project)}/{_digest(digest)}"


def finding_sets(project: str) -> str:
    """Prefix of the finding sets of a project; with an id, also the resource name."""
    return f"projects/{_id(project)}/findingSets/"


def finding_set(project: str, set_id: str) -> str:
    return finding_sets(project) + _id(set_id)


def finding_set_id(digest: str) -> str:
    return f"f{_digest(digest)[:40]}"


def is_finding_set_id(text: str) -> bool:
    return _SET_ID.fullmatch(text) is not None


def finding_set_by_id(project: str, set_id: str) -> str:
    """Prefix of the one manifest by digest whose set has this id, which `is_finding_set_id`."""
    return f"finding-sets-by-digest/{_id(project)}/{_id(set_id)[1:]}"


def audits(project: str) -> str:
    """Prefix of the audits of a project; with an id, also the resource name."""
    return f"projects/{_id(project)}/audits/"


def audit(project: str, audit_id: str) -> str:
    return audits(project) + _id(audit_id)


def audit_id(digest: str) -> str:
    return f"a{_digest(digest)[:40]}"


def scorecard(project: str, finding_set_digest: str) -> str:
    return f"scorecards/{_id(project)}/{_digest(finding_set_digest)}"


def scored(project: str, population: str, predictor: str) -> str:
    """Prefix of the shards of a population that a predictor has scored."""
    return f"scores/{_id(project)}/{_digest(population)}/{_digest(predictor)}/"


def shard_of(key: str) -> tuple[int, int]:
    """(start, count) of the key of a shard."""
    start, _, count = key.rpartition("/")[2].partition("-")
    return int(start), int(count)


def scores(project: str, population: str, predictor: str, start: int, count: int) -> str:
    return f"{scored(project, population, predictor)}{start:012d}-{count:06d}"


def operations(project: str) -> str:
    """Prefix of the jobs of a project; with an id, also the resource name."""
    return f"projects/{_id(project)}/operations/"


def record(project: str, job: str, version: int) -> str:
    return f"{records(project, job)}{version:08d}"


def records(project: str, job: str) -> str:
    return f"{operations(project)}{_id(job)}/"


def active_of(project: str) -> str:
    """Prefix of the marks of a project's jobs that may not have ended."""
    return f"{ACTIVE}{_id(project)}/"


def active(project: str, job: str) -> str:
    return active_of(project) + _id(job)


def request(project: str, request_id: str) -> str:
    return f"requests/{_id(project)}/{hashlib.sha256(request_id.encode()).hexdigest()}"


def costs(project: str, kind: str) -> str:
    """Prefix of what jobs that are alike have cost."""
    return f"costs/{_id(project)}/{_digest(kind)}/"


def cost(project: str, kind: str, job: str) -> str:
    return costs(project, kind) + _id(job)


def checkpoints(project: str, job: str) -> str:
    return f"checkpoints/{_id(project)}/{_id(job)}/"


def checkpoint(project: str, job: str, spec: str, name: str) -> str:
    return f"{checkpoints_of(project, job, spec)}{_id(name)}"


def checkpoints_of(project: str, job: str, spec: str) -> str:
    """Prefix of the checkpoints of one specification of a job."""
    return f"{checkpoints(project, job)}{_digest(spec)}/"


def trail(project: str) -> str:
    """Prefix of the audit trail of a project."""
    return f"trail/{_id(project)}/"


def trail_segment(project: str, chain: str, first: int) -> str:
    return f"{trail(project)}{_id(chain)}/{first:012d}"


def trail_heads(project: str) -> str:
    return f"trail-heads/{_id(project)}/"


def trail_head(project: str, chain: str) -> str:
    return trail_heads(project) + _id(chain)


def _id(text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise InvalidField(
            f"{text[:80]!r} is no id: lower-case letters, digits and hyphens, from a letter on, "
            "at most 63",
            field="name",
        )
    return text


def _digest(text: str) -> str:
    if not is_digest(text):
        raise InvalidField(f"{text[:80]!r} is no digest: 64 hexadecimal digits", field="digest")
    return text
