"""What must hold of a folder of jobs after any number of kills, counted from outside."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage

from atelier.videogen.v1 import videogen_pb2
from services.gateway.jobs.record import CANCELLED, ENDED, SUCCEEDED
from tests.support.kept_jobs_callers import Asked, Callers
from tests.support.kept_jobs_filmer import CALL, CALL_ENDED, RUN, RUN_ENDED, Log, clip_of
from tests.support.kept_jobs_stack import KillableStack

_COUNT_ENDS = f"""
CREATE TABLE ends (id TEXT, before TEXT, after TEXT);
CREATE TRIGGER ended AFTER UPDATE OF state ON jobs
WHEN NEW.state IN ({", ".join(repr(state) for state in sorted(ENDED))})
    OR OLD.state IN ({", ".join(repr(state) for state in sorted(ENDED))})
BEGIN INSERT INTO ends VALUES (OLD.id, OLD.state, NEW.state); END;
"""


def count_ends(stack: KillableStack) -> None:
    """Lets the database itself write down each end, from now on."""
    with stack.database() as database:
        database.executescript(_COUNT_ENDS)


@dataclass
class Verdict:
    """What was counted, and what was found wrong."""

    states: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    interrupted: int = 0
    """Jobs that were begun more than once."""
    runs: int = 0
    """Runs that the worker began."""
    files: int = 0
    bytes: int = 0
    faults: list[str] = field(default_factory=list)

    def expect(self, holds: object, fault: str) -> None:
        if not holds:
            self.faults.append(fault)


def judge(stack: KillableStack, callers: Callers) -> Verdict:
    """Looks at everything; the gateway must have ended."""
    verdict = Verdict(faults=list(callers.faults))
    with stack.database() as database:
        sound = database.execute("PRAGMA integrity_check").fetchall()
        verdict.expect(sound == [("ok",)], f"integrity_check: {sound}")
        dangling = database.execute("PRAGMA foreign_key_check").fetchall()
        verdict.expect(not dangling, f"foreign_key_check: {dangling}")
        rows = database.execute("SELECT id, state, attempts FROM jobs").fetchall()
        ends = Counter(row[0] for row in database.execute("SELECT id FROM ends"))
        again = database.execute("SELECT id FROM ends WHERE before IN (?, ?, ?)", tuple(ENDED))
        verdict.faults += [f"{row[0]} has left its end" for row in again]
        files = database.execute(
            "SELECT jobs.id, name, path, size_bytes, sha256 FROM files "
            "JOIN jobs ON jobs.sequence = files.job_sequence"
        ).fetchall()
    _judge_jobs(verdict, callers.asked, rows, ends)
    _judge_files(verdict, stack, callers.asked, files)
    told = Log.read(stack.told)
    _judge_runs(verdict, told)
    _judge_cancels(verdict, stack, callers.asked, told)
    return verdict


def _judge_jobs(
    verdict: Verdict, asked: dict[str, Asked], rows: list[Any], ends: Counter[str]
) -> None:
    there = {row[0] for row in rows}
    verdict.expect(not asked.keys() - there, f"forgotten: {asked.keys() - there}")
    verdict.expect(not there - asked.keys(), f"nobody's: {there - asked.keys()}")
    for job_id, state, attempts in rows:
        verdict.states[state] += 1
        verdict.attempts += attempts
        verdict.interrupted += attempts > 1
        verdict.expect(ends[job_id] == 1, f"{job_id} has {ends[job_id]} ends")
        one = asked.get(job_id)
        told = one.ended.state if one is not None and one.ended is not None else "nothing"
        verdict.expect(told == state, f"{job_id} is {state}, and its caller was told {told}")
        allowed = {SUCCEEDED} | ({CANCELLED} if one is not None and one.cancelled_at else set())
        verdict.expect(state in allowed, f"{job_id} is {state}")


def _judge_files(
    verdict: Verdict, stack: KillableStack, asked: dict[str, Asked], files: list[Any]
) -> None:
    contents: dict[str, dict[str, bytes]] = defaultdict(dict)
    folder = stack.jobs / "files"
    for job_id, name, path, size, digest in files:
        content = (folder / path).read_bytes()
        right = len(content) == size and hashlib.sha256(content).hexdigest() == digest
        verdict.expect(right, f"{job_id}: {name} is not what its row says")
        contents[job_id][name] = content
        verdict.files += 1
        verdict.bytes += size
    named = {folder / path for _, _, path, _, _ in files}
    there = {path for path in folder.rglob("*") if path.is_file()}
    verdict.expect(there == named, f"files that no row names: {there - named}")
    unfinished = list((stack.jobs / "new").iterdir())
    verdict.expect(not unfinished, f"unfinished: {unfinished}")
    for job_id, one in asked.items():
        if one.ended is not None and one.ended.state == SUCCEEDED:
            clip = contents[job_id].get("results/0")
            expected = clip_of(_as_it_was_run(one))
            verdict.expect(clip == expected, f"{job_id}: the clip is not that of its request")


def _as_it_was_run(one: Asked) -> videogen_pb2.GenerateVideoRequest:
    """The request with the seed that was drawn when it was accepted, and that never changed."""
    assert one.ended is not None
    drawn = _request(one.job.request)
    assert drawn.seed == _request(one.ended.request).seed
    assert not one.request.HasField("seed") or one.request.seed == drawn.seed
    drawn.image = one.request.image
    return drawn


def _request(packed: AnyMessage) -> videogen_pb2.GenerateVideoRequest:
    request = videogen_pb2.GenerateVideoRequest()
    assert packed.Unpack(request)
    return request


def _judge_runs(verdict: Verdict, told: list[dict[str, Any]]) -> None:
    """No job runs twice at once, nor is given by one gateway to the worker twice at once."""
    going: dict[tuple[str, int, str, str], int] = Counter()
    pids: list[int] = []
    for line in told:
        if line["pid"] not in pids:
            pids.append(line["pid"])
        key = (line["job"], line["pid"], line["where"], line["what"].split()[0])
        if line["what"] in (RUN, CALL):
            going[key] += 1
            verdict.runs += line["what"] == RUN
            verdict.expect(going[key] == 1, f"{line['job']} twice at once: {line}")
        elif line["what"] in (RUN_ENDED, CALL_ENDED):
            going[key] -= 1
    left = [key for key, number in going.items() if number and key[1] == pids[-1]]
    verdict.expect(not left, f"still at work after all had ended: {left}")


def _judge_cancels(
    verdict: Verdict, stack: KillableStack, asked: dict[str, Asked], told: list[dict[str, Any]]
) -> None:
    """No later gateway begins a job that an earlier one was told to stop."""
    for line in told:
        one = asked.get(line["job"])
        if line["what"] == CALL and one is not None and one.cancelled_at is not None:
            between = [at for at in stack.gateways_began_at if one.cancelled_at < at < line["at"]]
            verdict.expect(not between, f"{line['job']} was begun though it was cancelled")
