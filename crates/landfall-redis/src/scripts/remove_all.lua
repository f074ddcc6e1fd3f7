-- KEYS: index. ARGV: prefix, now, created before or nothing, all but this one or nothing.
local index, before, except = KEYS[1], ARGV[3], ARGV[4]
local removed = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', before == '' and '+inf' or '(' .. before)) do
  if key ~= except then
    local record = head(key)
    redis.call('ZREM', index, key)
    if record then
      take(key, record)
      tell(key)
      if not record.ended then removed[#removed + 1] = key end
    end
  end
end
return removed
