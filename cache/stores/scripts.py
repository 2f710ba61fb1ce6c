"""
The Lua behind `RedisStore`; each script is one atomic step on one slot.

Scripts that may be refused for want of room say so before their first write, so
that nothing is half done. Those of small things, bounded in number, are never
refused (`allow-oom`): who frees room needs a lease to do so.
"""

from dataclasses import dataclass
from hashlib import sha1

__all__ = [
    "ACQUIRE",
    "APPEND",
    "FLUSH",
    "READ",
    "RELEASE",
    "RENEW",
    "SWAP",
    "TRIM",
    "Script",
]


@dataclass(frozen=True, slots=True)
class Script:
    """
    A Lua script, as the server knows it.

    Args:
        text: What the server runs.
        sha: The name it goes by once it is loaded.
    """

    text: str
    sha: str


def _script(*parts: str) -> Script:
    text = "\n".join(part.strip() for part in parts)
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


_EVEN_IF_FULL = "#!lua flags=allow-oom"

# KEYS: meta, journal, record (a prefix), and the lease where there is one.
_JOURNAL = """
local META, JOURNAL, RECORD, LEASE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- Which history of the data this is. A server that restarted, or took over from another, may
-- have lost the newest records and issued their positions again: that is another journal.
local function history()
  local told = redis.pcall('INFO', 'replication')
  if type(told) ~= 'string' then return '' end
  if string.find(told, 'role:slave', 1, true) then
    error({err = 'READONLY This server follows another one.'})
  end
  return '-' .. (string.match(told, 'master_replid:(%x+)') or '')
end

-- Name and end of the journal. It begins anew, under a name nobody has seen, where one of its
-- keys is not there: it never was, or has been flushed or evicted.
local function journal(fresh)
  local since = history()
  local meta = redis.pcall('HMGET', META, 'name', 'end')
  if meta.err then
    redis.call('UNLINK', META)
    meta = {}
  end
  local name, last = meta[1], tonumber(meta[2] or '')
  local kind = redis.call('TYPE', JOURNAL).ok
  local top = kind == 'stream' and redis.call('XREVRANGE', JOURNAL, '+', '-', 'COUNT', 1)[1]
  local id = top and tonumber(string.match(top[1], '^(%d+)%-0$')) or 0
  -- Nor is it a journal where somebody else has put what no append can follow.
  local sound = name and last and last >= 0 and last <= 2^53 and id <= last
  if not sound or (kind ~= 'stream' and (last > 0 or kind ~= 'none')) then
    redis.call('UNLINK', JOURNAL)
    -- Tokens rise over this too, as time does.
    local time = redis.call('TIME')
    local token = time[1] * 1000000 + time[2]
    name, last = fresh, 0
    redis.call('HSET', META, 'name', name, 'end', last, 'token', string.format('%.0f', token))
  end
  return name .. since, last
end

local function text(number) return string.format('%.0f', number) end
"""

_RECORD = """
-- Position, kind and end of a record in the stream; nothing for what somebody else put there.
local function fields(entry)
  local position, values = string.match(entry[1], '^(%d+)%-0$'), entry[2]
  if position and #values == 4 and values[1] == 'k' and values[3] == 'e' and #values[4] == 8 then
    return position, values[2], values[4]
  end
end

local function expired(ends, now) return struct.unpack('<d', ends) <= now end
"""

APPEND = _script(
    _JOURNAL,
    """
-- ARGV: name for a new journal; the journal's name or ''; the lease's token or ''; how many
-- positions and keys are freed, and how many rankings and records come; then all of these.
local name, last = journal(ARGV[1])
if ARGV[2] ~= '' and ARGV[2] ~= name then return {'replaced', name, last} end
if ARGV[3] ~= '' and redis.call('GET', LEASE) ~= ARGV[3] then return {'lost', name, last} end

local at = 7
local function take()
  at = at + 1
  return ARGV[at]
end

-- First of all, as a server that is full takes the writes of a script that has deleted before.
for _ = 1, ARGV[4] do
  local position = take()
  redis.call('XDEL', JOURNAL, position .. '-0')
  redis.call('DEL', RECORD .. position)
end
for _ = 1, ARGV[5] do redis.call('DEL', take()) end

for _ = 1, ARGV[6] do
  local key, value, ttl = take(), take(), take()
  redis.call('SET', key, value, 'PX', ttl)
end
for _ = 1, ARGV[7] do
  local kind, ends, body, ttl = take(), take(), take(), take()
  last = redis.call('HINCRBY', META, 'end', 1)
  redis.call('XADD', JOURNAL, text(last) .. '-0', 'k', kind, 'e', ends)
  redis.call('SET', RECORD .. text(last), body, 'PX', ttl)
end
return {'appended', name, last}
""",
)

READ = _script(
    _EVEN_IF_FULL,
    _JOURNAL,
    _RECORD,
    """
-- ARGV: name for a new journal; the first position asked for; how many are looked at; now.
local name, last = journal(ARGV[1])
local most, now = tonumber(ARGV[3]), tonumber(ARGV[4])
local seen = redis.call('XRANGE', JOURNAL, ARGV[2], '+', 'COUNT', most)
local upto = most > 0 and #seen == most and string.match(seen[most][1], '^%d+') or text(last)

local found, keys = {}, {}
for _, entry in ipairs(seen) do
  local position, kind, ends = fields(entry)
  if position and not expired(ends, now) then
    found[#found + 1] = {position, kind, ends}
    keys[#keys + 1] = RECORD .. position
  end
end
local bodies = #keys > 0 and redis.call('MGET', unpack(keys)) or {}
local records = {}
for i, record in ipairs(found) do
  if bodies[i] then
    record[4] = bodies[i]
    records[#records + 1] = record
  end
end
return {name, text(last), upto, records}
""",
)

TRIM = _script(
    _JOURNAL,
    _RECORD,
    """
-- ARGV: the first position looked at; how many are; now. Returns how many went, and the first
-- position not looked at, or 0.
local most, now = tonumber(ARGV[2]), tonumber(ARGV[3])
local seen = redis.call('XRANGE', JOURNAL, ARGV[1], '+', 'COUNT', most)
local ids, keys = {}, {}
for _, entry in ipairs(seen) do
  local position, _, ends = fields(entry)
  if position and expired(ends, now) then
    ids[#ids + 1] = entry[1]
    keys[#keys + 1] = RECORD .. position
  end
end
if #ids > 0 then
  redis.call('XDEL', JOURNAL, unpack(ids))
  redis.call('UNLINK', unpack(keys))
end
return {#ids, #seen == most and string.match(seen[most][1], '^%d+') + 1 or 0}
""",
)

ACQUIRE = _script(
    _EVEN_IF_FULL,
    _JOURNAL,
    """
-- ARGV: name for a new journal; milliseconds. Returns token and the journal's end.
if redis.call('EXISTS', LEASE) == 1 then return false end
local _, last = journal(ARGV[1])
local token = redis.call('HINCRBY', META, 'token', 1)
redis.call('SET', LEASE, text(token), 'PX', ARGV[2])
return {token, last}
""",
)

RENEW = _script("""
-- KEYS: the lease. ARGV: token; milliseconds.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
""")

RELEASE = _script("""
-- KEYS: the lease. ARGV: token.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
""")

SWAP = _script(
    _EVEN_IF_FULL,
    """
-- KEYS: the cell. ARGV: version; version then; body then.
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'body', ARGV[3])
return 1
""",
)

FLUSH = _script(
    _EVEN_IF_FULL,
    """
-- KEYS: the counters. ARGV: replica; JSON.
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
""",
)
