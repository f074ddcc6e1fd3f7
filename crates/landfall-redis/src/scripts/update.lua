-- KEYS: record, indexes. ARGV: prefix, now, key, expected version, raw, ttl.
local key, expected, raw, ttl = ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local GONE, CONFLICT, DONE = 0, 1, 2
local written, current = read(raw), head(key)
if not current then return GONE end
-- The same writing again: the answer to the first was lost on its way.
if current.writing == written.writing then return DONE end
if current.ended then return GONE end
if current.version ~= expected or written.version <= expected then return CONFLICT end
-- First what a full memory refuses: nothing is undone when a script breaks off.
put(key, raw, ttl)
local kept = {}
for _, index in ipairs(written.indexes) do kept[index] = true end
for _, index in ipairs(current.indexes) do
  if not kept[index] then redis.call('ZREM', index, key) end
end
tell(key)
return DONE
