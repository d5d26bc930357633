# SPDX-License-Identifier: Apache-2.0
#
# The front door. Each target is one line of Python; `make help` prints the
# comments behind "##". V=variant picks the kernel (vm, debug, kcsan, uml, uml-debug, uml-gcov),
# DRY=1 prints the commands without running them.

PYTHON ?= python3
BOOT := $(PYTHON) tools/pycoconut/kbuild/bootstrap.py
DRYRUN := $(if $(DRY),--dry-run)
V ?= vm

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

.PHONY: help
help:		## list the targets
	@$(PYTHON) tools/pycoconut/kbuild/bootstrap.py --list-targets Makefile

.PHONY: deps
deps:		## system packages and the Python environment; everything else calls it by itself
	@$(BOOT) deps $(DRYRUN)

.PHONY: kernel
kernel:		## build the kernel (V=vm by default; debug, kcsan, uml, uml-debug, uml-gcov)
	@$(BOOT) kernel $(DRYRUN) $(V)

.PHONY: uml
uml:		## build the User-Mode Linux kernel: the fast loop
	@$(BOOT) kernel $(DRYRUN) uml

.PHONY: iso
iso:		## build the bootable image
	@$(BOOT) iso $(DRYRUN)

.PHONY: run
run:		## boot the image in QEMU
	@$(BOOT) run $(DRYRUN)

.PHONY: demo
demo:		## boot the image and show an agent spawned, confined and audited
	@$(BOOT) demo $(DRYRUN)

.PHONY: test
test:		## every test there is, as CI runs them
	@$(BOOT) test $(DRYRUN)

.PHONY: check
check:		## the tests that take under two minutes
	@$(BOOT) test $(DRYRUN) --quick

.PHONY: coverage
coverage:	## which lines of the kernel rooms the tests reach; writes build/coverage/
	@$(BOOT) coverage $(DRYRUN)

.PHONY: bench
bench:		## measure ratios inside one boot; writes build/bench.json
	@$(BOOT) bench $(DRYRUN)

.PHONY: baseline
baseline:	## record what the unpatched base gives in Linux's own tests: ours must give the same
	@$(BOOT) baseline $(DRYRUN)

.PHONY: shell
shell:		## a root shell on our kernel (GUEST=uml by default; see qemu/)
	@$(BOOT) shell $(DRYRUN) $(GUEST)

.PHONY: regen
regen:		## write the generated files anew from syscalls/
	@$(BOOT) regen $(DRYRUN)

.PHONY: refresh
refresh:	## export patches/ anew from the branch of the base (BRANCH=path/to/git/tree)
	@$(BOOT) refresh $(DRYRUN) $(BRANCH)

.PHONY: series
series:		## write the whole series, rooms included, and apply it to the pristine base
	@$(BOOT) series $(DRYRUN) $(if $(BUILD),--build)

.PHONY: clean
clean:		## remove build/ (the cache outside the repository stays)
	@$(BOOT) clean $(DRYRUN)
