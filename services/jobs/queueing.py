"""Queueing: whose message comes first. Projects take turns; within one, priorities count.

The broker has several lists and workers look at them in order. One job of each project stands in
front of all others; whoever has many jobs waits with the rest of them behind. So a worker that
looks for work finds one job of each project that has any, in the order in which they asked.

Who stands in front is a key of the broker for each project. Losing it changes an order, nothing
else.
"""

import re
from dataclasses import dataclass

import redis

from services.jobs.budgets import Priority
from services.jobs.job import Job
from services.jobs.redis_client import PREFIX

HEADER = "directrix_job"
"""Of every message: the job's name."""
FRONT = 0
"""Of the lists, the first; the others follow by priority."""
BEHIND = {Priority.HIGH: 3, Priority.NORMAL: 6, Priority.LOW: 9}
LAST = BEHIND[Priority.LOW]
"""Of the lists, the one that workers look at after all others."""
SEPARATOR = "\x06\x16"
"""Between a queue's name and a list's number: kombu's."""
HOLD_SECONDS = 120
"""A place in front is free again when its job was not sent for so long."""

_STAND = """
local holder = redis.call('HGET', KEYS[1], 'job')
local rank = tonumber(redis.call('HGET', KEYS[1], 'rank'))
if holder and holder ~= ARGV[1] then
  if rank <= tonumber(ARGV[2]) then return 0 end
  for _, message in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
    if string.find(message, '"' .. ARGV[4] .. '": "' .. holder .. '"', 1, true) then
      redis.call('LREM', KEYS[2], 1, message)
      redis.call('RPUSH', KEYS[2] .. ARGV[5] .. rank, message)
    end
  end
end
redis.call('HSET', KEYS[1], 'job', ARGV[1], 'rank', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""
_LEAVE = """
if redis.call('HGET', KEYS[1], 'job') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
for at = 3, #KEYS do
  local waiting = redis.call('LRANGE', KEYS[at], -10000, -1)
  for place = #waiting, 1, -1 do
    local job = string.match(waiting[place], '"' .. ARGV[2] .. '": "(' .. ARGV[3] .. '[^"]+)"')
    if job then
      redis.call('LREM', KEYS[at], -1, waiting[place])
      redis.call('LPUSH', KEYS[2], waiting[place])
      redis.call('HSET', KEYS[1], 'job', job, 'rank', string.match(KEYS[at], '%d+$'))
      redis.call('EXPIRE', KEYS[1], ARGV[4])
      return 1
    end
  end
end
return 0
"""


def lists(queue: str) -> list[str]:
    """The broker's lists of a queue, in the order in which workers look at them."""
    return [queue, *(f"{queue}{SEPARATOR}{number}" for number in BEHIND.values())]


def help_queue(queue: str) -> str:
    """The queue of invitations beside a queue of jobs. By its name it comes after that one, so of
    two lists with one number workers look at that of jobs first; of its lists only LAST is used."""
    return f"{queue}-help"


@dataclass(frozen=True)
class Fronts:
    """Of one queue. Raises redis' own errors."""

    client: redis.Redis
    queue: str

    def place(self, job: Job) -> int:
        """The number of the list for a job's message: FRONT where no other job of its project
        stands there, or only one of lower priority, whose message goes behind."""
        rank = BEHIND[job.priority]
        keys = [_key(job.project), self.queue]
        words = [job.name, str(rank), str(HOLD_SECONDS), HEADER, SEPARATOR]
        return FRONT if self.client.eval(_STAND, len(keys), *keys, *words) else rank

    def leave(self, job: Job) -> None:
        """The job has ended or waits: where it stood in front, the next message of its project
        moves there."""
        keys = [_key(job.project), *lists(self.queue)]
        prefix = re.sub(r"([^\w/])", r"%\1", f"projects/{job.project}/")
        self.client.eval(_LEAVE, len(keys), *keys, job.name, HEADER, prefix, str(HOLD_SECONDS))


def _key(project: str) -> str:
    return f"{PREFIX}front:{project}"
