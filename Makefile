# Henge's build.  `make help` lists the targets; objects go to build/<variant>/.
VARIANT ?= release
B := build/$(VARIANT)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
CSTD := -std=c11 -D_GNU_SOURCE -Isrc -Itests -pthread
CC_release := gcc
CC_debug := gcc
CC_asan := gcc
CC_ubsan := gcc
CC_tsan := gcc
CC_coverage := gcc
CC_fuzz := clang-14
CC_sim := gcc
FLAGS_release := -O2 -g
FLAGS_debug := -O0 -g3 -DHENGE_DEBUG
FLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DHENGE_DEBUG -DHENGE_PLAIN_MEMORY
FLAGS_ubsan := -O1 -g -fsanitize=undefined -fno-sanitize-recover=undefined -DHENGE_DEBUG
FLAGS_tsan := -O1 -g -fsanitize=thread -DHENGE_DEBUG -DHENGE_PLAIN_MEMORY
FLAGS_coverage := -O0 -g --coverage -DHENGE_DEBUG
FLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -DHENGE_DEBUG -DHENGE_PLAIN_MEMORY
FLAGS_sim := -O2 -g -DHENGE_PLANTED -DHENGE_DEBUG
LIBS_asan :=
PLAIN := asan tsan fuzz
LIBS := $(if $(filter $(VARIANT),$(PLAIN)),,-ljemalloc) -lxxhash -lm
OSLIBS := -lev

CC := $(CC_$(VARIANT))
CFLAGS := $(CSTD) $(WARN) $(WERROR) $(FLAGS_$(VARIANT))
LDFLAGS := $(FLAGS_$(VARIANT)) -pthread

SRCS := $(shell find src -name '*.c' 2>/dev/null)
OSSRCS := $(filter src/os/%,$(SRCS))
CORE := $(filter-out src/main.c src/os/%,$(SRCS))
obj = $(patsubst %.c,$(B)/%.o,$(1))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
all: $(B)/henge-server

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/libhenge.a: $(call obj,$(CORE))
	@rm -f $@ && ar rcs $@ $^

$(B)/henge-server: $(call obj,src/main.c $(OSSRCS)) $(B)/libhenge.a
	$(CC) $(LDFLAGS) $^ $(LIBS) $(OSLIBS) -o $@

clean:
	rm -rf build
.PHONY: all clean
-include $(patsubst %.o,%.d,$(call obj,$(SRCS)))
