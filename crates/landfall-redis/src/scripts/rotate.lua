-- KEYS: old record, new record, indexes. ARGV: prefix, now, old, new, expected version, raw, ttl.
local old, new, expected, raw, ttl = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
local GONE, CONFLICT, DONE = 0, 1, 2
local written, there = read(raw), head(new)
-- The same writing again: the answer to the first was lost on its way.
if there and there.writing == written.writing then return DONE end
local current = there
if old ~= new then current = head(old) end
if not current or current.ended then return GONE end
if current.version ~= expected or written.version <= expected then return CONFLICT end
if old ~= new and there then
  if not there.ended then return CONFLICT end
  take(new, there)
end
-- First what a full memory refuses: nothing is undone when a script breaks off.
put(new, raw, ttl)
if old ~= new then
  take(old, current)
else
  local kept = {}
  for _, index in ipairs(written.indexes) do kept[index] = true end
  for _, index in ipairs(current.indexes) do
    if not kept[index] then redis.call('ZREM', index, old) end
  end
end
tell(old)
return DONE
