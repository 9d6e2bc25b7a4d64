--- Small scenes for LuaSocket and ours: each is played with both, and has to
-- say the same.  say(...) prints values, exactly but for addresses of memory.
local scenarios = {}

for _, part in ipairs { "streams", "others", "paths" } do
  local list = require("spec.compat." .. part)
  table.move(list, 1, #list, #scenarios + 1, scenarios)
end

return scenarios
