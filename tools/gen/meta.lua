--- Lays out lua/uring/meta.lua: what editors with the Lua language server
-- show of uring.core, its classes, and uring.op.
local comments = require "tools.gen.comments"

local COLUMNS = 80

-- Fields that are no methods.
local FIELDS = {
  ["uring.Address"] = { "family string", "host? string", "port? integer",
    "path? string" },
  ["uring.CQE"] = { "data any", "res integer", "flags integer" },
}

local Page = {}
Page.__index = Page

function Page:line(...)
  self[#self + 1] = table.concat { ... }
end

-- Breaks a text into lines of comment.
function Page:text(first, text)
  local line = first
  for word in text:gmatch "%S+" do
    if #line + 1 + #word > COLUMNS then
      self:line(line)
      line = "---"
    end
    line = line .. " " .. word
  end
  self:line(line)
end

-- What an editor says of a parameter besides its type.
local function hint(param)
  local words = not param.obvious and param.words or ""
  if not param.default or words:find(param.default, 1, true) then
    return words
  end
  return words .. (words ~= "" and ", " or "") .. "default " .. param.default
end

function Page:params(params)
  local names = {}
  for i, param in ipairs(params) do
    names[i] = param.name
    self:text(("---@param %s%s %s"):format(param.name,
      param.optional and "?" or "", param.type), hint(param))
  end
  return table.concat(names, ", ")
end

function Page:definition(name, params)
  self:line("function ", name, "(", params, ") end\n")
end

local function sorted_keys(set, wanted)
  local keys = {}
  for key in pairs(set) do
    if type(key) == "string" and key:find(wanted) then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys)
  return keys
end

-- The methods of a class: the table that __index is, or has as upvalue.
local function methods_of(metatable)
  local index = metatable.__index
  if type(index) == "function" then
    index = select(2, debug.getupvalue(index, 1))
  end
  return index or {}
end

-- A function that a comment describes under the name 'call'.
function Page:described(list, call, name)
  local about = comments.describe(list, call)
  for _, text in ipairs(about.paragraphs) do self:text("---", text) end
  local params = self:params(about.params)
  for _, type in ipairs(about.returns) do self:line("---@return ", type) end
  self:definition(name, params)
end

function Page:class(name, list, rows)
  local metatable = debug.getregistry()[name]
  local short = name:match "%a+$"
  self:text("---", comments.purpose(list, name))
  self:line("---@class ", name)
  for _, field in ipairs(FIELDS[name] or {}) do
    self:line("---@field ", field)
  end
  if metatable.__len then self:line "---@operator len: integer" end
  self:line("local ", short, " = {}\n")
  local methods = methods_of(metatable)
  for _, method in ipairs(sorted_keys(methods, "")) do
    if not method:find "^prep_" then
      self:described(list, short:lower() .. ":" .. method,
        short .. ":" .. method)
    end
  end
  for _, row in ipairs(rows) do
    if methods["prep_" .. row.name] then self:prep(row) end
  end
  return short
end

function Page:summary(row)
  self:text("---", ("%s Linux %s, %s(3)"):format(row.summary, row.since,
    row.helper))
end

function Page:prep(row)
  self:summary(row)
  local params = self:params(row.args)
  self:line "---@return integer id"
  self:definition("SQE:prep_" .. row.name, params)
end

function Page:op(row)
  local type, name = row.result.type, row.result.name
  self:summary(row)
  local params = self:params(row.args)
  if row.multishot then
    self:line("---@return fun(...): ", type, ", integer iterator")
  else
    self:line("---@return ", type:find "|" and "(" .. type .. ")" or type,
      "? ", name == "true" and "ok" or name)
    self:line "---@return integer|string flags of the CQE, or the message"
    self:line "---@return integer? code"
  end
  self:definition("op." .. row.name, params)
end

function Page:core(core, list)
  self:line "---@class uring.core"
  for _, field in ipairs(sorted_keys(core, "")) do
    local value = core[field]
    if type(value) == "table" then
      self:line("---@field ", field, " ", #value > 0 and "table[]"
        or "table<string, integer>")
    end
  end
  self:line "local core = {}\n"
  for _, name in ipairs(sorted_keys(core, "")) do
    if type(core[name]) == "function" then
      self:described(list, name, "core." .. name)
    end
  end
end

--- Lays out the file.
---
---@param rows table[] described
---@param core table uring.core
---@param list string[] comments of csrc/
---@return string text
return function(rows, core, list)
  local page = setmetatable({}, Page)
  page:line "---@meta uring.core"
  page:line "-- Written by tools/gen.lua from csrc/: make generate"
  page:line "-- Types for editors.  Programs do not need it.\n"
  local classes = {}
  for _, name in ipairs(sorted_keys(debug.getregistry(), "^uring%.")) do
    classes[#classes + 1] = page:class(name, list, rows)
  end
  page:line "--- Every row of the opcode table as a function that waits."
  page:line "---@class uring.op"
  page:line "local op = {}\n"
  for _, row in ipairs(rows) do page:op(row) end
  page:core(core, list)
  page:line "local _types = {"
  for _, class in ipairs(classes) do page:line("  ", class, ",") end
  page:line "  op,\n}\n"
  page:line "return core"
  return table.concat(page, "\n") .. "\n"
end
