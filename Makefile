# The project's own commands. `make demo` and `make test` are all a newcomer needs.
BIN := node_modules/.bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help install build lint types boundaries unused test check demo demo-down demo-check demo-destroy bench \
	bench-engine crash differential seed hosts-prepare hosts-up hosts-test hosts-down bench-deploy deploy-crash clean
