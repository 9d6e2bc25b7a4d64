# make builds the module in build/; make help lists the rest.

MAKEFLAGS += --no-print-directory
LUA      ?= $(shell sh tools/deps lua)
LUA_PC   ?= $(shell sh tools/deps lua.pc)
PREFIX   ?= /usr/local
CFLAGS   ?= -O2 -g
BUILD    ?= build
SPEC     ?= spec

WARNINGS  = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wwrite-strings -Wundef -Wvla -Wconversion
INCLUDES  = $(shell pkg-config --cflags liburing libcares $(LUA_PC) | \
              sed 's/-I */-isystem /g')
COMPILE   = $(CC) -std=c11 -D_GNU_SOURCE -fPIC -pthread -fvisibility=hidden \
              $(WARNINGS) $(INCLUDES) -MMD -MP $(CPPFLAGS) $(CFLAGS)
SANITIZE  = -fsanitize=address,undefined -fno-sanitize-recover=undefined

CORE      = $(BUILD)/uring/core.so
CARES     = $(BUILD)/uring/cares.so
object    = $(patsubst csrc/%.c,$(BUILD)/obj/%.o,$(wildcard $1))
LUADIR    = $(DESTDIR)$(PREFIX)/share/lua/5.4/uring
LIBDIR    = $(DESTDIR)$(PREFIX)/lib/lua/5.4/uring

# With these Lua finds this checkout's modules from any directory.
LPATH     = $(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;$(or $(LUA_PATH),;)
CPATH     = $(abspath $(BUILD))/?.so;$(or $(LUA_CPATH),;)
RUN       = env LUA_PATH='$(LPATH)' LUA_CPATH='$(CPATH)' LUA='$(LUA)'
PRELOAD   = $(if $(findstring sanitize,$(CFLAGS)),ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16:allocator_may_return_null=1 \
  LD_PRELOAD="$$(ldd $(CORE) | awk '/lib(a|ub)san/ { print $$3 }' | xargs)")
ROCKS     = luarocks --lua-version 5.4 --tree '$(CURDIR)/build/rock/tree'
CHECKED   = style werror test test-gc test-asan test-oom test-valgrind luarocks
FORMATTED = $(wildcard csrc/*.[ch] csrc/cares/*.[ch] spec/support/*.c \
              bench/c/*.c bench/c/lib/*.[ch])
LINTED    = $(wildcard lua spec examples bench tools)

all: $(CORE) $(CARES)  ## build the modules (V=1 shows the commands)

$(CORE): $(call object,csrc/*.c)
$(CORE): LIBRARY = liburing
$(CARES): $(call object,csrc/cares/*.c)
$(CARES): LIBRARY = libcares
$(CORE) $(CARES):
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(if $(V),,@)$(CC) -shared $(CFLAGS) $(LDFLAGS) -o $@ $^ \
	  $$(pkg-config --libs $(LIBRARY))
$(BUILD)/obj/%.o: csrc/%.c Makefile | found
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(if $(V),,@)$(COMPILE) -c $< -o $@
$(BUILD)/oom: spec/support/oom.c Makefile | found
	@mkdir -p $(@D)
	$(if $(V),,@)$(COMPILE) $(LDFLAGS) -Wl,-E -o $@ $< \
	  $$(pkg-config --libs $(LUA_PC))
BENCH     = $(patsubst bench/c/%.c,$(BUILD)/bench/%,$(wildcard bench/c/*.c)) \
            $(if $(shell command -v go),$(patsubst bench/peers/%.go, \
              $(BUILD)/bench/%_go,$(wildcard bench/peers/*.go)))
$(BUILD)/bench/%_go: bench/peers/%.go
	@mkdir -p $(@D)
	@GOCACHE='$(abspath $(BUILD))/go' go build -o $@ $<
$(BUILD)/bench/%: bench/c/%.c $(wildcard bench/c/lib/*) Makefile | found
	@mkdir -p $(@D)
	$(if $(V),,@)$(COMPILE) -MF $(BUILD)/bench/$*.d $(LDFLAGS) -o $@ $< \
	  bench/c/lib/*.c $$(pkg-config --libs liburing)
bench-programs: all $(BENCH)
bench: deps-bench  ## measure everything, in half an hour (see bench/)
	@$(MAKE) bench-programs
	@sh bench/run all
found:
	@pkg-config --exists liburing libcares $(or $(LUA_PC),lua5.4) || { \
	  echo "no liburing, c-ares or Lua 5.4 headers: try make deps" >&2; exit 1; }
-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d)

deps deps-test deps-check deps-bench:  ## install what is missing to build, test, check
	@sh tools/deps $(patsubst deps-%,%,$(@:deps=build))
run: deps  ## build, then serve echo on 127.0.0.1:7000 until Ctrl-C
	@$(MAKE) all
	@exec $(RUN) $(LUA) examples/echo.lua 127.0.0.1:7000
env:  ## print what a shell needs: eval "$(make -s env)"
	@echo "export LUA_PATH='$(LPATH)'"
	@echo "export LUA_CPATH='$(CPATH)'"
install: deps  ## install under PREFIX (/usr/local); DESTDIR is honoured
	@$(MAKE) all
	@for f in $$(cd lua/uring && find . -name '*.lua' | sort); do \
	  echo "install $$f"; \
	  install -D -m 644 "lua/uring/$$f" '$(LUADIR)'/"$$f" || exit 1; done
	install -d '$(LIBDIR)'
	install -m 755 $(CORE) $(CARES) '$(LIBDIR)'
uninstall:  ## remove what install put there
	rm -rf '$(LUADIR)' '$(LIBDIR)'

test: deps-test  ## run all specs (SPEC=file runs one)
	@$(MAKE) specs
test-gc: deps-test  ## the specs under a restless garbage collector
	@URING_RESTLESS=1 $(MAKE) specs
test-asan: deps-test  ## the specs under the address and UB sanitizers
	@$(MAKE) specs BUILD=build/asan CC=gcc LDFLAGS= \
	  CFLAGS='-O1 -g -fno-omit-frame-pointer $(SANITIZE)'
test-oom: deps-test  ## fail every allocation of some chunks in turn
	@$(MAKE) all $(BUILD)/oom
	@ls spec/support/oom/*.lua | $(RUN) xargs -n 1 -P $$(nproc) $(BUILD)/oom
test-valgrind: deps-test  ## a soak under valgrind: no error, no leak
	@$(MAKE) all
	@$(RUN) valgrind -q --error-exitcode=9 --leak-check=full --keep-debuginfo=yes \
	  $(LUA) spec/support/soak.lua
seeds:  ## a million simulated histories (FROM=1 TO=200000 of each)
	@$(MAKE) all
	@$(RUN) $(LUA) tools/seeds.lua $(or $(FROM),1) $(or $(TO),200000) $(HISTORY)
kernels:  ## the specs on Debian's kernels, in emulated machines
	@sh tools/kernels $(KERNELS)
specs: all
	@$(RUN) $(PRELOAD) $(LUA) -e 'require "busted.runner" {standalone = false}' \
	  /dev/null --cpath='$(abspath $(BUILD))/?.so' $(SPEC)

check: deps-check  ## all of this, in one word
	@for s in $(CHECKED); do echo "== $$s"; $(MAKE) $$s || exit 1; done
	@echo "check: all is well"
style: all lint tidy  ## lint, tidy, and is what is generated up to date
	@$(RUN) $(LUA) tools/gen.lua --check
lint:  ## luacheck, clang-format, shellcheck, codespell
	@luacheck -q $(LINTED)
	@clang-format --dry-run -Werror $(FORMATTED)
	@shellcheck tools/make tools/deps tools/kernels tools/vm/image \
	  tools/vm/init .ci/run bench/run bench/peers/random_fio
	@codespell $(wildcard *.md Makefile csrc docs rockspec .ci) $(LINTED)
tidy:  ## the shape of the house
	@$(LUA) tools/tidy.lua
werror:  ## build without a warning, with gcc and clang
	@$(MAKE) BUILD=build/gcc CC=gcc CFLAGS='-O2 -g -Werror' all
	@! command -v clang >/dev/null || \
	  $(MAKE) BUILD=build/clang CC=clang CFLAGS='-O2 -g -Werror' all
luarocks:  ## does the rock lint, build and load
	@luarocks lint rockspec/uring-scm-1.rockspec
	@rm -rf build/rock && mkdir -p build/rock && cp -R csrc lua rockspec build/rock
	@cd build/rock && $(ROCKS) make >log 2>&1 || { cat log; exit 1; }
	@eval "$$($(ROCKS) path)" && cd / && $(LUA) -e 'require "uring"'
generate: all  ## write what derives from csrc/ops.def
	@$(RUN) $(LUA) tools/gen.lua
format:  ## let clang-format lay the C out
	@clang-format -i $(FORMATTED)
clean:  ## remove what was built
	rm -rf build csrc/*.o csrc/cares/*.o uring/core.so uring/cares.so
help:  ## print this
	@sed -n 's/^\([a-z -]*\):.*##/\1\t/p' Makefile | expand -t 27

.PHONY: $(CHECKED) all found deps deps-test deps-check deps-bench bench \
  bench-programs run env install specs \
  kernels seeds uninstall check lint tidy generate format clean help
