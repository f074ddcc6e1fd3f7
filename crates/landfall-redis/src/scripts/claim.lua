-- KEYS: lease or remembered name. ARGV: prefix, now, claim, ttl. A claim ends with the moment it lapses at.
local claim, ttl = ARGV[3], ARGV[4]
local held = redis.call('GET', KEYS[1])
-- The same claim again: the answer to the first was lost on its way.
if held == claim then return 1 end
if held and struct.unpack('>I8', string.sub(held, -8)) > now then return 0 end
redis.call('SET', KEYS[1], claim, 'PX', ttl)
return 1
