--- Rules about the top of a file: it says what the file is for.

local rules = {}

function rules.c_header(tree, report)
  for path in tree:paths "^csrc/" do
    local lines, name = tree:lines(path), path:match "[^/]+$"
    local named = (lines[2] or ""):match "^%*%* (%S+) %- %S"
    if lines[1] ~= "/*" or named ~= name then
      local message = 'does not open with "/*" and "** %s - purpose"'
      report(path, 1, message:format(name))
    end
  end
end

function rules.lua_header(tree, report, house)
  for path in tree:paths("^lua/.*%.lua$", house.generated) do
    local first = tree:lines(path)[1] or ""
    if not first:find "^%-%-%- %S" then
      report(path, 1, 'does not open with "--- purpose"')
    end
  end
end

-- The comment a Lua file opens with, as lines without their dashes.
local function opening_comment(lines)
  local comment = {}
  for number, line in ipairs(lines) do
    local text = line:match "^%-%-+%s*(.*)"
    if text then
      comment[#comment + 1] = text
    elseif number > 1 or not line:find "^#!" then
      break
    end
  end
  return comment
end

local function has_label(comment, label)
  for _, line in ipairs(comment) do
    if line:find("^" .. label .. ":") then return true end
  end
  return false
end

function rules.example_header(tree, report)
  for path in tree:paths "^examples/.*%.lua$" do
    local comment = opening_comment(tree:lines(path))
    local first = comment[1] or ""
    if first == "" or first:find "^%l+:" then
      report(path, 1, "header does not say what it does")
    end
    if not has_label(comment, "run") then
      report(path, 1, "header has no run: line")
    end
    if not (has_label(comment, "prints") or has_label(comment, "shows")) then
      report(path, 1, "header has no prints: or shows: line")
    end
  end
end

return rules
