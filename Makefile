# Henge's build.  `make help` lists the targets; a variant is a set of compiler
# flags, its objects and binaries live under build/<variant>/.
VARIANT ?= release
B := build/$(VARIANT)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
CSTD := -std=c11 -D_GNU_SOURCE -Isrc -Itests -pthread
# Warnings are errors wherever developers build; a user's compiler may know more.
WERROR ?= $(if $(filter release,$(VARIANT)),,-Werror)

CC_release := gcc
CC_debug := gcc
CC_asan := gcc
CC_ubsan := gcc
CC_tsan := gcc
CC_coverage := gcc
CC_fuzz := clang-14
CC_sim := gcc
CC_sim-asan := gcc
ASAN := -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
FLAGS_release := -O2 -g
FLAGS_debug := -O0 -g3 -DHENGE_DEBUG
FLAGS_asan := -O1 -g $(ASAN) -DHENGE_DEBUG -DHENGE_PLAIN_MEMORY
FLAGS_ubsan := -O1 -g -fsanitize=undefined -fno-sanitize-recover=undefined -DHENGE_DEBUG
FLAGS_tsan := -O1 -g -fsanitize=thread -DHENGE_DEBUG -DHENGE_PLAIN_MEMORY
FLAGS_coverage := -O0 -g --coverage -DHENGE_DEBUG
FLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
	-DHENGE_DEBUG -DHENGE_PLAIN_MEMORY
# Only the simulator's build has the switches of base/planted.h.
FLAGS_sim := -O2 -g -DHENGE_DEBUG -DHENGE_PLANTED
FLAGS_sim-asan := $(FLAGS_asan) -DHENGE_PLANTED
# Sanitizers watch the C library's allocator.
PLAIN := asan tsan fuzz sim-asan
LIBS := $(if $(filter $(VARIANT),$(PLAIN)),,-ljemalloc) -lxxhash -llz4 -lm
OSLIBS := -lev -lssl -lcrypto
HTTPLIBS := -lmicrohttpd -ljansson

CC := $(CC_$(VARIANT))
$(if $(CC),,$(error there is no variant '$(VARIANT)'))
CFLAGS := $(CSTD) $(WARN) $(FLAGS_$(VARIANT))
LDFLAGS := $(FLAGS_$(VARIANT)) -pthread
# What a stage of its own builds, with as many jobs as there are processors
# unless make was given a number itself.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
# Commands are shown with V=1.
say = $(if $(V),,@echo '  $(1)' && )
SUB = +@$(MAKE) --no-print-directory $(JOBS)

SRCS := $(sort $(shell find src -name '*.c'))
OS := $(filter src/os/%,$(SRCS))
CORE := $(filter-out src/main.c src/os/%,$(SRCS))
TESTS := $(sort $(shell find tests redis-compat -name '*.c'))
obj = $(patsubst %.c,$(B)/%.o,$(1))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run check check-asan check-tsan sim sim-planted fuzz bench count compat coverage ring-tables \
	lint tidy format clean help tests units sims judges fuzzers systems benches clients counter FORCE

all: $(B)/henge-server ## build the server (VARIANT=release debug asan ubsan tsan coverage fuzz)

# Objects are made anew when the flags of their variant change.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS)' > $@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,$(VARIANT) $<)$(CC) $(CFLAGS) $(WERROR) -MMD -MP -c $< -o $@

# All that needs no operating system; what links this alone keeps the layers.
$(B)/libhenge.a: $(call obj,$(CORE))
	@rm -f $@
	@ar rcs $@ $^

$(B)/libhenge-os.a: $(call obj,$(OS))
	@rm -f $@
	@ar rcs $@ $^

$(B)/henge-server: $(call obj,src/main.c) $(B)/libhenge-os.a $(B)/libhenge.a
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) $^ $(LIBS) $(OSLIBS) $(HTTPLIBS) -o $@

PORT ?= 6379
DIR ?= data
run: ## build and start a server (PORT=6379, DIR=data)
	@deps/install.sh build
	$(SUB) VARIANT=release all
	@mkdir -p $(DIR)
	build/release/henge-server henge.conf --port $(PORT) --dir $(DIR)

# --- test programs -----------------------------------------------------------

tests: units systems judges

# One Criterion program a folder: tests/unit/<folder>/*.c, and tests/unit/*.c for all.
UNITS := $(sort $(foreach f,$(filter tests/unit/%,$(TESTS)),$(word 3,$(subst /, ,$(f)))))
UNITS := $(filter-out %.c,$(UNITS))
units: $(UNITS:%=$(B)/unit/%_test)
# Commands of admin/ see a store that commands of cmd/ are tested on.
UNIT_HELP_admin := tests/unit/cmd/fake_view.c
# Files in memory, and for tools and whole servers (turn/, http/) stores in them, which the
# engine's tests have.
UNIT_HELP_session := tests/unit/lsm/memory_fs.c
UNIT_HELP_tool := tests/unit/lsm/lsm_world.c tests/unit/lsm/memory_fs.c
UNIT_HELP_turn := $(UNIT_HELP_tool)
JUDGE := $(filter tests/judge/%,$(TESTS))
UNIT_HELP_judge := $(filter-out %_main.c,$(JUDGE))
UNIT_HELP_http := $(UNIT_HELP_turn) tests/unit/turn/server_world.c
define unit_rule
$(B)/unit/$(1)_test: $(call obj,$(filter tests/unit/$(1)/%,$(TESTS)) $(wildcard tests/unit/*.c) $(UNIT_HELP_$(1))) \
		$(if $(filter os,$(1)),$(B)/libhenge-os.a) $(B)/libhenge.a
	@mkdir -p $$(@D)
	$$(call say,$$(VARIANT) $$@)$(CC) $(LDFLAGS) $$^ -lcriterion $(LIBS) $(if $(filter os,$(1)),$(OSLIBS)) $(if $(filter http,$(1)),$(HTTPLIBS)) -o $$@
endef
$(foreach u,$(UNITS),$(eval $(call unit_rule,$(u))))

sims: $(B)/henge-sim $(B)/arc-model
# What no server does yet, the engine's tests do.
SIM_HELP := $(UNIT_HELP_tool) tests/unit/lsm/arcs_model.c tests/unit/lsm/arcs_model_read.c
$(B)/henge-sim: $(call obj,$(filter tests/sim/%,$(TESTS)) $(SIM_HELP)) $(B)/libhenge.a
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

# What histories are judged by: of the simulator as of real servers.
judges: $(B)/judge
$(B)/judge: $(call obj,$(JUDGE)) $(B)/libhenge.a
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

# An arc's owners alone, on a model of logs and links.
$(B)/arc-model: $(call obj,$(filter tests/model/%,$(TESTS)) tests/sim/planted.c) $(B)/libhenge.a
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

# The rest: one program a file.  tests/fuzz has helpers too: what is not *_fuzz.c.
FUZZ := $(patsubst tests/fuzz/%_fuzz.c,%,$(filter %_fuzz.c,$(TESTS)))
FUZZ_HELPERS := $(filter-out %_fuzz.c tests/fuzz/replay/%,$(filter tests/fuzz/%,$(TESTS)))
fuzzers: $(FUZZ:%=$(B)/fuzz/%)
# Elsewhere than in the fuzz variant they run the files they are given.
FUZZ_MAIN := $(if $(filter fuzz,$(VARIANT)),,$(call obj,tests/fuzz/replay/replay_main.c))
$(B)/fuzz/history: $(call obj,$(UNIT_HELP_judge))
$(B)/fuzz/%: $(B)/tests/fuzz/%_fuzz.o $(call obj,$(FUZZ_HELPERS)) $(FUZZ_MAIN) $(B)/libhenge.a
	@mkdir -p $(@D)
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) $(filter %.o,$^) $(filter %.a,$^) $(LIBS) -o $@

SYSTEM := $(patsubst tests/system/%.c,%,$(wildcard tests/system/*.c))
systems: $(SYSTEM:%=$(B)/system/%) judges
BENCH := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c))
benches: $(BENCH:%=$(B)/bench/%) $(B)/bench/engine_bench
$(B)/system/% $(B)/bench/%: $(B)/libhenge-os.a $(B)/libhenge.a
	@mkdir -p $(@D)
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) -Wl,--as-needed $(filter %.o,$^) $(filter %.a,$^) -lhiredis $(LIBS) $(OSLIBS) $(HTTPLIBS) -o $@
$(foreach p,$(SYSTEM),$(eval $(B)/system/$(p): $(B)/tests/system/$(p).o))
$(foreach p,$(BENCH),$(eval $(B)/bench/$(p): $(B)/tests/bench/$(p).o))

# Of `make compat`: they see the server only as a client does.
CLIENTS := $(patsubst redis-compat/clients/%.c,%,$(wildcard redis-compat/clients/*.c))
clients: $(CLIENTS:%=$(B)/clients/%)
$(B)/clients/%: $(B)/redis-compat/clients/%.o
	@mkdir -p $(@D)
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) $^ -lhiredis -lev -o $@

# The store without RESP, beside RocksDB and LevelDB.
$(B)/bench/engine_bench: $(call obj,$(wildcard tests/bench/engine/*.c)) $(B)/libhenge-os.a $(B)/libhenge.a
	@mkdir -p $(@D)
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) $^ -lrocksdb -lleveldb $(LIBS) $(OSLIBS) -o $@

# --- what people run ---------------------------------------------------------

check: ## everything a change must keep green, at most 12 minutes
	@tests/suite.sh check

check-asan: ## unit tests, 100 simulated seeds and bad input with address and undefined sanitizers
	@tests/suite.sh asan

check-tsan: ## the pool's stress program and system tests with the thread sanitizer
	@tests/suite.sh tsan

SEEDS ?= 1000
sim: ## simulate SEEDS=1000 histories with power losses and faults; SEED=n replays one with its trace
	$(SUB) VARIANT=sim sims
	build/sim/henge-sim $(if $(SEED),--seed $(SEED) --trace,--seeds $(SEEDS))

sim-planted: ## every planted bug, with seeds until it is caught
	@tests/suite.sh planted

FUZZ_SECONDS ?= 30
fuzz: ## every fuzz target for FUZZ_SECONDS=30
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/suite.sh fuzz

coverage: ## lines of src/ that unit tests and fuzz corpora reach, by file
	@tests/coverage.sh

bench: ## measure against redis, the null server, RocksDB and LevelDB (QUICK=1: ten minutes)
	@deps/install.sh build test bench
	$(SUB) VARIANT=release all benches
	@QUICK=$(QUICK) tests/bench/run.sh

ring-tables: ## the tables of docs/ring.md: how even rings of 3 to 200 members are
	$(SUB) VARIANT=release build/release/bench/ring_bench
	@build/release/bench/ring_bench

count: ## instructions of 10,000 GET and SET; fails 5 % over tests/count/expected.txt
	@tests/suite.sh count

compat: ## real clients and the differential runner against a server it starts
	@tests/suite.sh compat

lint: ## layers, lengths, bans, format, README's stops (under 10 s)
	@tests/lint/lint.sh

# Files that need packages only `make bench` installs are looked at where these are.
BENCH_ONLY := $(if $(wildcard /usr/include/rocksdb/c.h),,tests/bench/engine/rocks_engine.c) \
	$(if $(wildcard /usr/include/leveldb/c.h),,tests/bench/engine/level_engine.c)
tidy: ## clang-tidy, remembered per file
	@tests/lint/tidy.sh $(SRCS) $(filter-out $(BENCH_ONLY),$(TESTS))

format: ## lay out every C file as .clang-format says
	@find src tests redis-compat -name '*.[ch]' -exec clang-format-14 -i {} +

clean: ## remove build/
	rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# For the scripts of tests/: the names of what there is.
names-%:
	@echo $($*)

counter: $(B)/count
$(B)/count: $(call obj,$(wildcard tests/count/*.c)) $(B)/libhenge.a
	$(call say,$(VARIANT) $@)$(CC) $(LDFLAGS) $^ $(LIBS) -o $@

-include $(patsubst %.o,%.d,$(call obj,$(SRCS) $(TESTS)))
