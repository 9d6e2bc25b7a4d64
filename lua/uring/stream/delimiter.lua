--- Where a delimiter ends, however the bytes come: it may begin in one piece
-- and end in a later one.
local delimiter = {}

--- Makes what looks for one.
---@param text string the delimiter
---@return fun(piece: string, at: integer): integer? stop of a piece from
--- byte 'at' on: the last byte of the first that ends there
function delimiter.finder(text)
  if #text == 1 then
    return function(piece, at) return (piece:find(text, at, true)) end
  end
  local find, reach, tail = string.find, #text - 1, ""
  return function(piece, at)
    if tail ~= "" then
      local joint = tail .. piece:sub(at, at + reach - 1)
      local _, last = find(joint, text, 1, true)
      if last then return at + last - #tail - 1 end
    end
    local _, last = find(piece, text, at, true)
    if last then return last end
    if #piece - at + 1 >= reach then
      tail = piece:sub(-reach)
    else
      tail = (tail .. piece:sub(at)):sub(-reach)
    end
  end
end

return delimiter
