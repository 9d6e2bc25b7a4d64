--- News of simulated things: who waits for a change looks at a count.
-- Two ends of one thing share their news.
local news = {}

--- Makes news of nothing yet.
---@return table
function news.new()
  return { count = 0 }
end

--- Something has changed.
---@param object table that has news
function news.tell(object)
  local its = object.news
  its.count = its.count + 1
end

return news
