--- Rules about lists kept by hand: they agree with what they list.

local Tree = require "tools.tidy.tree"

local rules = {}

-- Runs the rockspec, which is Lua that sets globals, in an empty world.
local function read_rockspec(tree, house)
  local text = tree:text(house.rockspec)
  if not text then return nil, "missing" end
  local spec = {}
  local chunk, message = load(text, "=rockspec", "t", spec)
  if not chunk then return nil, message end
  local ok, raised = pcall(chunk)
  if not ok then return nil, raised end
  if not (spec.version and spec.build and spec.build.modules) then
    return nil, "no version or no build.modules"
  end
  return spec
end

local function line_of(tree, path, words)
  for number, line in ipairs(tree:lines(path)) do
    if line:find(words, 1, true) then return number end
  end
  return 1
end

-- Both are sets: entry = the words to look for.
local function compare(tree, report, path, wanted, listed)
  for entry in pairs(wanted) do
    if not listed[entry] then report(path, 1, "lacks " .. entry) end
  end
  for entry, words in pairs(listed) do
    if not wanted[entry] then
      local line = line_of(tree, path, words)
      report(path, line, "lists " .. entry .. ", not in the tree")
    end
  end
end

local function listed_in(spec, house)
  local listed, of_c = {}, {}
  for _, name in ipairs(house.c_modules) do of_c[name] = true end
  for name, module in pairs(spec.build.modules) do
    if type(module) == "string" then
      listed[name .. " = " .. module] = module
    elseif of_c[name] then
      for _, source in ipairs(module.sources) do listed[source] = source end
    else
      listed[name] = name
    end
  end
  return listed
end

local function found_in(tree)
  local found = {}
  for path in tree:paths "^csrc/.*%.c$" do found[path] = path end
  for path in tree:paths "^lua/.*%.lua$" do
    found[Tree.module(path) .. " = " .. path] = path
  end
  return found
end

function rules.rockspec(tree, report, house)
  local spec, message = read_rockspec(tree, house)
  if not spec then return report(house.rockspec, 1, message) end
  local found, listed = found_in(tree), listed_in(spec, house)
  compare(tree, report, house.rockspec, found, listed)
end

function rules.row_specs(tree, report)
  for path, number, line in tree:each_line("bare", "^csrc/ops%.def$") do
    local row = line:match "^OP%s*%(%s*([%w_]+)"
    local spec = row and ("spec/ops/%s_spec.lua"):format(row)
    if spec and not tree:text(spec) then
      report(path, number, ("row %s has no %s"):format(row, spec))
    end
  end
end

-- "## 1.2.0" and "## 1.2.0 - a date" both name the rockspec's "1.2.0-1".
local function names_version(title, version)
  local release = version:gsub("%-%d+$", "")
  local word = title:match "^%S+"
  return word == version or word == release
end

function rules.changelog(tree, report, house)
  local path = "CHANGELOG.md"
  if not tree:text(path) then return report(path, 1, "missing") end
  local spec = read_rockspec(tree, house)
  local version = spec and spec.version or "a rockspec's version"
  for number, line in ipairs(tree:lines(path)) do
    local title = line:match "^## (.+)"
    if title == "Unreleased" then return end
    if title and names_version(title, version) then return end
    if title then
      local message = "first entry is neither Unreleased nor %s"
      return report(path, number, message:format(version))
    end
  end
  report(path, 1, "no entry")
end

return rules
