//! What Redis does in one step: three scripts, each on one key.
//!
//! Lua's numbers are doubles, so versions and sequences stay decimal text without leading zeros: the longer is the greater, and of the
//! same length the one that sorts behind, under any collation.

use std::sync::LazyLock;

use redis::Script;

/// KEYS: a value. ARGV, for each part: its name, the version, what to store. Stores those that are newer than what is there.
pub(super) static SET_NEWER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local newer = {}
for i = 1, #ARGV, 3 do
  local stored = redis.call('HGET', KEYS[1], ARGV[i])
  local version, wins = ARGV[i + 1], true
  if stored then
    local held = string.match(stored, '^%d*')
    wins = #version > #held or (#version == #held and version > held)
  end
  if wins then
    newer[#newer + 1] = ARGV[i]
    newer[#newer + 1] = ARGV[i + 2]
  end
end
if #newer > 0 then
  redis.call('HSET', KEYS[1], unpack(newer))
end
return 1",
    )
});

/// KEYS: what is known of a model. ARGV: the generation's field, that of its spaces, the layout. Gives the layout that stands there
/// now, or nothing if a removal was interrupted.
pub(super) static CREATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local stored = redis.call('HGET', KEYS[1], ARGV[1])
if stored then
  return stored
end
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then
  return false
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3], ARGV[1], ARGV[3])
return ARGV[3]",
    )
});

/// KEYS: what is known of a model. ARGV: the generation's field, the layout, then for each partition its field, the sequence that must
/// have been reached, and the sequence that now is. Gives `gone` and what stands in place of the layout, or `back`, the
/// field and what stands there, and then has changed nothing; or `ok`.
pub(super) static ADVANCE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local function below(a, b)
  return #a < #b or (#a == #b and a < b)
end
local layout = redis.call('HGET', KEYS[1], ARGV[1])
if layout ~= ARGV[2] then
  return {'gone', layout or ''}
end
local newer = {}
for i = 3, #ARGV, 3 do
  local stored = redis.call('HGET', KEYS[1], ARGV[i]) or '0'
  if below(stored, ARGV[i + 1]) then
    return {'back', ARGV[i], stored}
  end
  if below(stored, ARGV[i + 2]) then
    newer[#newer + 1] = ARGV[i]
    newer[#newer + 1] = ARGV[i + 2]
  end
end
if #newer > 0 then
  redis.call('HSET', KEYS[1], unpack(newer))
end
return {'ok'}",
    )
});
