--- What a scope has in it, in the order in which it came.
-- A member knows its seat; where it leaves there is a gap, and gaps are
-- closed when others come.  Leaving and walking need no memory: those are
-- how things end, also where there is none.

---@class uring.Members
---@field count integer how many there are
local Members = {}
Members.__index = Members

local FEW <const> = 8 -- gaps that nobody minds
--- Makes an empty list.
---@return uring.Members
function Members.new()
  return setmetatable({ count = 0, last = 0 }, Members)
end

--- An empty list in which nobody may be entered.
Members.NOBODY = Members.new()

local function close_gaps(self)
  local last = 0
  for seat = 1, self.last do
    local member = self[seat]
    self[seat] = nil
    if member then
      last = last + 1
      self[last], member.seat = member, last
    end
  end
  self.last = last
end

--- Makes room for one more.
---@return integer seat of the one that is entered next
function Members:reserve()
  local seat = self.last + 1
  if seat > 2 * self.count + FEW then
    close_gaps(self)
    seat = self.last + 1
  end
  self[seat] = false
  return seat
end

--- Enters one behind all others, for which there is room.
---@param member table its field 'seat' is set
function Members:enter(member)
  local seat = self.last + 1
  self[seat], member.seat = member, seat
  self.last, self.count = seat, self.count + 1
end

--- Takes one out that is in it; its seat is 0 then.
---@param member table
function Members:leave(member)
  local seat = member.seat
  member.seat, self.count = 0, self.count - 1
  if seat < self.last then
    self[seat] = false
    return
  end
  repeat
    self[seat] = nil
    seat = seat - 1
  until self[seat] ~= false
  self.last = seat
end

local function following(self, seat)
  local member
  repeat
    seat = seat + 1
    member = self[seat]
  until member ~= false
  if member then return seat, member end
end

--- Iterates over them in order; none may be entered meanwhile.
---@param self uring.Members|false
---@return fun(): integer seat
---@return uring.Members
---@return integer
function Members.each(self)
  return following, self or Members.NOBODY, 0
end

return Members
