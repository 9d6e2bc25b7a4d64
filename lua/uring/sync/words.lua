--- What the primitives say: who holds something, what was given wrongly.
local words = {}

--- Names a task shortly.
---@param task uring.Task?
---@return string such as "task 7" or "task 7 crawler"
function words.of(task)
  if not task then return "no task" end
  local name = task.name and " " .. tostring(task.name) or ""
  return ("task %d%s"):format(task:id(), name)
end

--- Says how many wait, for what stands in parentheses.
---@param queue uring.Queue
---@return string such as ", 2 waiting"; empty where nobody does
function words.waiting(queue)
  return #queue > 0 and (", %d waiting"):format(#queue) or ""
end

--- Raises, in the name of the caller's caller, what is wrong with an argument.
---@param what string the function
---@param name string the argument
---@param expected string
---@param value any what it got
function words.bad_argument(what, name, expected, value)
  error(("%s: bad argument '%s' (%s expected, got %s)"):format(what, name,
    expected, type(value)), 3)
end

--- Gives an argument that must be a whole number, or raises as bad_argument.
---@param what string the function
---@param name string the argument
---@param value any a number with a whole value will do
---@param least integer
---@return integer
function words.integer(what, name, value, least)
  local integer = math.type(value) and math.tointeger(value)
  if integer and integer >= least then return integer end
  error(("%s: bad argument '%s' (integer from %d on expected, got %s)")
    :format(what, name, least,
      type(value) == "number" and tostring(value) or type(value)), 3)
end

return words
