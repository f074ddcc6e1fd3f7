-- KEYS: lease. ARGV: prefix, now, holder.
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 16) == ARGV[3] then redis.call('DEL', KEYS[1]) end
return 1
