// What helm commands share about their words: how many there may be, and commands that only have commands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/helm/flags.h"

namespace slipway::cli::helm {

constexpr size_t kAny = SIZE_MAX;

// Helm's words for too few or too many arguments. `usage`: behind the command's own words.
Result<> check_count(size_t count, size_t least, size_t most, std::string_view command, std::string_view usage);

// A command that only has commands: `helm repo`.
struct Group {
  std::string_view name, aliases, about;
  struct Verb {
    std::string_view name, about, alias = {};
    std::string_view flags = {};  // its own, apart by blanks
  };
  std::vector<Verb> verbs;

  // The verb that the first word names, by its full name; "" where Helm prints what there is, and is content.
  std::string verb(const Flags& flags) const;
  // Error, bad_request: a flag that another verb has. `options`: of all verbs.
  Result<> check_flags(const Flags& flags, const std::vector<Option>& options) const;
  int help() const;  // the exit code
};

}  // namespace slipway::cli::helm
