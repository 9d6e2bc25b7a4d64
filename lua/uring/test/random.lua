--- Random numbers from a seed: the same ones on every machine.
-- xorshift64*, seeded through splitmix64, so that seeds that are neighbours
-- have nothing in common.
local Random = {}
Random.__index = Random

local TO_FRACTION = 2.0 ^ -53

local function mix(seed)
  local z = seed + 0x9E3779B97F4A7C15
  z = (z ~ z >> 30) * 0xBF58476D1CE4E5B9
  z = (z ~ z >> 27) * 0x94D049BB133111EB
  return z ~ z >> 31
end

--- Makes a source of random numbers.
---@param seed integer
---@return uring.test.Random
function Random.new(seed)
  local state = mix(seed)
  return setmetatable({ state = state ~= 0 and state or 1 }, Random)
end

local function next_bits(self)
  local x = self.state
  x = x ~ x >> 12
  x = x ~ x << 25
  x = x ~ x >> 27
  self.state = x
  return x * 0x2545F4914F6CDD1D >> 11 -- 53 bits
end

--- Draws an integer from 0 on.
---@param limit integer what comes is less
---@return integer
function Random:below(limit)
  return next_bits(self) % limit
end

--- Draws whether something happens.
---@param probability number 0 to 1
---@return boolean
function Random:chance(probability)
  return next_bits(self) * TO_FRACTION < probability
end

--- Puts the first items of a list into another order.
---@param list table
---@param count integer
function Random:shuffle(list, count)
  for i = count, 2, -1 do
    local j = next_bits(self) % i + 1
    list[i], list[j] = list[j], list[i]
  end
end

return Random
