--- What nobody can be told by an error goes to the standard error output.
local report = {}

--- Writes a line, at once.
---@param text string
function report.say(text)
  io.stderr:write("uring: ", text, "\n")
end

return report
