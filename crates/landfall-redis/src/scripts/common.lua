-- Put before every other script. ARGV[1] is what every key begins with, ARGV[2] the store's clock.
--
-- Names of records and of the indexes that they stand in are made here, of the same prefix, where they are
-- not known beforehand: its hash tag keeps them in the slot of the keys that were declared.
local prefix, now = ARGV[1], tonumber(ARGV[2])
local HEAD = 105

-- What stands in the clear before the sealed parts; see record.rs.
local function read(raw)
  if raw == '' then return nil end
  -- A format to come: it can be removed, and nothing else.
  if string.byte(raw) ~= 1 then
    return {version = -1, ended = false, writing = '', indexes = {}}
  end
  local version, created, expires, idle = struct.unpack('>I8I8I8I8', raw, 2)
  local indexes = {prefix .. 'u' .. string.sub(raw, 42, 73)}
  if string.byte(raw, 74) == 1 then indexes[2] = prefix .. 'i' .. string.sub(raw, 75, 106) end
  return {
    version = version,
    created = created,
    ended = now >= math.min(expires, idle),
    writing = string.sub(raw, 34, 41),
    indexes = indexes,
  }
end

local function head(key)
  return read(redis.call('GETRANGE', prefix .. 's' .. key, 0, HEAD))
end

local function take(key, record)
  redis.call('DEL', prefix .. 's' .. key)
  for _, index in ipairs(record.indexes) do redis.call('ZREM', index, key) end
end

-- Last, and in vain where the user has no right to the channel: what was changed is changed, and copies of it elsewhere
-- grow too old by themselves.
local function tell(key)
  redis.pcall('PUBLISH', prefix .. 'c', key)
end

-- Forgets members whose records are gone. Each time an index has grown to a power of two: what that costs is
-- shared by the members that made it grow.
local function prune(index)
  local size, power = redis.call('ZCARD', index), 8
  while power < size do power = power * 2 end
  if power ~= size then return end
  for _, key in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    local record = head(key)
    if not record then redis.call('ZREM', index, key)
    elseif record.ended then take(key, record) end
  end
end

-- The record comes last: where a script breaks off before, none is there that cannot be found.
local function put(key, raw, ttl)
  local record = read(raw)
  for _, index in ipairs(record.indexes) do
    redis.call('ZADD', index, record.created, key)
    if redis.call('PTTL', index) < tonumber(ttl) then redis.call('PEXPIRE', index, ttl) end
  end
  redis.call('SET', prefix .. 's' .. key, raw, 'PX', ttl)
end

