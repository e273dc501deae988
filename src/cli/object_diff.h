// Differences between objects, as people read them: unified lines of YAML, Secret values hidden.
#pragma once

#include <string>

#include "gitops/engine.h"

namespace slipway::cli {

// "--- live\n+++ target\n ..." with three lines of context; empty when equal.
std::string unified_diff(std::string_view before, std::string_view after);
// Secret data replaced by marks that show only whether two values are equal.
Value without_secrets(const Value& object, const Value& other);
// Prints; gives the exit code: 0 no difference, 1 some.
int print_differences(const gitops::Comparison& comparison, bool json);

}  // namespace slipway::cli
