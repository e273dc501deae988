# The habits of the hand; every target is a script of the same name.
.PHONY: up down test bench format lint setup soak
up down test bench format lint setup soak:
	@test -x script/$@ || { echo "script/$@ does not exist yet" >&2; exit 1; }
	@script/$@ $(ARGS)
