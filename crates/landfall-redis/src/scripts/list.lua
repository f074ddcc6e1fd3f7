-- KEYS: index. ARGV: prefix, now, limit.
local index, limit = KEYS[1], tonumber(ARGV[3])
local found = {}
for _, key in ipairs(redis.call('ZREVRANGE', index, 0, -1)) do
  if #found >= 2 * limit then break end
  local raw = redis.call('GET', prefix .. 's' .. key)
  local record = raw and read(raw)
  if not record then
    redis.call('ZREM', index, key)
  elseif record.version < 0 then
    -- A format to come: it is not for us to read, and in nobody's way.
  elseif record.ended then
    take(key, record)
  else
    found[#found + 1] = key
    found[#found + 1] = raw
  end
end
return found
