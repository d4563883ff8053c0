"""The Lua scripts that run inside Redis: each is one atomic step on a position and the data that belong to it.

The position in a partition of a topic is a hash: `topic_id`, `offset`, `written_at` (ms of the server's clock) and,
while an operation takes several steps, `claim`: a random word of its owner. A later step runs only under its own claim.
So a worker that froze in the middle, or a command that was delayed on its way, cannot delete or skip records that
another owner has written since. `whole_at` (by the same clock) is when the partition was complete, `partitions` how
many there are: both are for readers, see `lookup`. They are lost with the position, so a partition that is being filled
again is not complete.

The names of contacts come as arguments and are not declared as keys: one server, no cluster.
"""

_POSITION = """
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The position: two empty strings where there is none, nil where it is too old or from the future by as much.
local function standing(key, stale_after)
  local found = redis.call('HMGET', key, 'topic_id', 'offset', 'written_at')
  if not found[2] then return '', '' end
  if math.abs(now() - (found[3] or 0)) > tonumber(stale_after) then return nil end
  return found[1], found[2]
end
"""

IF_THERE = (
    _POSITION
    + """
local topic_id, offset = standing(KEYS[1], ARGV[1])
if topic_id ~= ARGV[2] or offset ~= ARGV[3] then return 0 end
"""
)
"""A start of scripts: returns 0 unless the position is the given one.

KEYS: position. ARGV: stale_after in ms; topic_id and offset ('' for none)."""

POSITION = (
    _POSITION
    + """
local topic_id, offset = standing(KEYS[1], ARGV[1])
if not offset or offset == '' then return false end
return {topic_id, offset}
"""
)
"""Reads the position. KEYS: position. ARGV: stale_after in ms. Returns [topic_id, offset] or nil."""

TOUCH = (
    IF_THERE
    + """
redis.call('HSET', KEYS[1], 'written_at', string.format('%.0f', now()))
return 1
"""
)
"""Renews the age of the position. KEYS: position. ARGV: stale_after, topic_id, offset. Returns 1, or 0 at another."""

WHOLE = (
    IF_THERE
    + """
local at = now()
redis.call('HSET', KEYS[1], 'written_at', string.format('%.0f', at),
  'whole_at', string.format('%.0f', at - tonumber(ARGV[4])), 'partitions', ARGV[5])
return 1
"""
)
"""Renews the age of the position and records that the partition was complete.

KEYS: position. ARGV: stale_after, topic_id, offset; age in ms, partitions. Returns 1, or 0 at another position."""

IF_CLAIMED = (
    IF_THERE
    + """
if ARGV[4] ~= '' and redis.call('HGET', KEYS[1], 'claim') ~= ARGV[4] then return 0 end
"""
)
"""A start of scripts that do a step of several: as `IF_THERE`, and the claim is the given one.

KEYS: position. ARGV: as of `IF_THERE`, and the claim ('' for any)."""

MOVE = """
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[1], 'topic_id', ARGV[5], 'offset', ARGV[6], 'written_at', string.format('%.0f', now()))
end
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'claim', ARGV[7])
else
  redis.call('HDEL', KEYS[1], 'claim')
end
return 1
"""
"""An end of scripts that begin with `IF_CLAIMED`: moves the position, and leaves a claim for the next step.

KEYS: position. ARGV 5 to 7: new topic_id, offset and claim ('': not moved; no claim). Returns 1."""

WRITE = (
    IF_CLAIMED
    + """
-- Versions go to 2^63; a Lua number is exact to 2^53 only.
local function newer(version, known)
  if not known then return true end
  if #version ~= #known then return #version > #known end
  return version > known
end

-- Removes a contact that has this `field`, if its version is older.
local function remove(contact_id, version, identity, field)
  local known = redis.call('HMGET', 'contact:' .. contact_id, 'version', field)
  if known[2] and newer(version, known[1]) then
    redis.call('DEL', 'contact:' .. contact_id)
    if identity then redis.call('DEL', 'identity:' .. contact_id) end
  end
end

local function index(contact_id, field, value)
  local key = 'identity:' .. contact_id
  if field == 'erased' then
    redis.call('DEL', key)
  else
    redis.call('SET', key, field == 'state' and contact_id or value)
  end
end

local at = 1
for _, row in ipairs(cjson.decode(ARGV[8])) do
  local contact_id, version, field, identity, length = row[1], row[2], row[3], row[4], row[5]
  local key = 'contact:' .. contact_id
  if field == 'alone' then
    remove(contact_id, version, identity, 'merged_into')
  elseif field == 'forgotten' then
    remove(contact_id, version, identity, 'version')
  elseif newer(version, redis.call('HGET', key, 'version')) then
    local value = string.sub(ARGV[9], at, at + length - 1)
    if field ~= 'state' then redis.call('DEL', key) end
    -- One new field: a profile in the place of a mark.
    if redis.call('HSET', key, 'version', version, field, value) == 1 then
      redis.call('HDEL', key, 'merged_into', 'erased')
    end
    if identity then index(contact_id, field, value) end
  end
  at = at + length
end
"""
    + MOVE
)
"""Writes contacts and moves the position.

KEYS: position. ARGV: stale_after; expected topic_id, offset and claim ('' for no position, any claim); new topic_id,
offset and claim; rows and values of `batch.pack`. Returns 1 when written, 0 when the position is another."""

CLAIM = """
for _, key in ipairs(KEYS) do
  redis.call('DEL', key)
  redis.call('HSET', key, 'claim', ARGV[1])
end
return 1
"""
"""Forgets positions and puts a claim in their place. KEYS: positions. ARGV: claim."""

REMOVE = """
local positions = tonumber(ARGV[2])
for i = 1, positions do
  if redis.call('HGET', KEYS[i], 'claim') ~= ARGV[1] then return 0 end
end
for i = positions + 1, #KEYS do redis.call('UNLINK', KEYS[i]) end
return 1
"""
"""Deletes keys under a claim.

KEYS: positions, then keys to delete. ARGV: claim, number of positions. Returns 0 when a position has another claim."""

COMPLETE = """
local function standing(topic, partition)
  return redis.call('HMGET', 'sink:' .. topic .. ':' .. partition, 'offset', 'whole_at', 'partitions')
end

-- Why and where data are missing, or '' and the time at which all was complete.
local function whole(topics, oldest)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local as_of = now
  for _, topic in ipairs(topics) do
    local count = standing(topic, 0)[3] or 1
    for partition = 0, count - 1 do
      local found = standing(topic, partition)
      local why = nil
      if not found[1] then
        why = 'missing'
      elseif not found[2] or found[3] ~= count then
        why = 'refilling'
      elseif math.abs(now - found[2]) > oldest then
        why = 'too_old'
      end
      if why then return why, topic .. ':' .. partition end
      as_of = math.min(as_of, tonumber(found[2]))
    end
  end
  return '', string.format('%.0f', as_of)
end
"""
"""For readers, the function `whole(topics, oldest)`: whether all partitions of the topics are complete.

As part of the script that reads, so no write comes between. `oldest`: the age in ms beyond which a statement counts no
more."""
