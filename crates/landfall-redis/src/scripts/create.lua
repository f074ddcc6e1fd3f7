-- KEYS: record, indexes. ARGV: prefix, now, key, raw, ttl.
local key, raw, ttl = ARGV[3], ARGV[4], ARGV[5]
local there = head(key)
-- The same writing again: the answer to the first was lost on its way.
if there and there.writing == read(raw).writing then return 1 end
if there and not there.ended then return 0 end
if there then take(key, there) end
put(key, raw, ttl)
for _, index in ipairs(read(raw).indexes) do prune(index) end
return 1
