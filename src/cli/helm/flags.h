// Helm's command line, as its flag library reads it: flags anywhere, --flag value, --flag=value, -fvalue, -gs, switches
// with =true and =false; what is wrong is said in its words, and the exit code is 1.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/command.h"

namespace slipway::cli::helm {

class Flags {
 public:
  // Options whose `value` is empty are switches; a `value` of "strings" is a comma list; one in brackets may be left
  // out and is then the fallback. N (an integer), COLUMNS (not negative), RATE, DURATION, FORMAT and LABELS are
  // checked. With --compat among the options, they are those of the Helm that it says (flag_versions.h), and those that
  // are not said are what Helm's variables say (environment.h).
  static Result<Flags> parse(const std::vector<Option>& options, const std::vector<std::string>& words);
  std::vector<std::string> arguments;
  bool is(const std::string& name) const;  // a switch that is on
  // Whether it says something: an empty text is what a flag is without being given.
  bool has(const std::string& name) const { return !text(name).empty(); }
  std::string text(const std::string& name, std::string fallback = {}) const;
  std::vector<std::string> all(const std::string& name) const;

 private:
  void take_environment();
  std::map<std::string, std::vector<std::string>> values_;
};

// Whether strconv.ParseBool reads it.
bool is_bool(std::string_view word);

// Flags of every helm command, and of those that read values or find charts.
std::vector<Option> global_flags();
std::vector<Option> value_flags();
std::vector<Option> chart_flags(std::initializer_list<std::string_view> without = {});
std::vector<Option> joined(std::initializer_list<std::vector<Option>> lists);

// Helm's words, and below them what we know beyond: behind a line `slipway: why:`.
Error explained(const Error& error, std::string_view why);
// "Error: ..." on stderr, exit code 1.
int refuse(const Error& error);
int refuse(std::string_view message);
// "WARNING: ..." and what Helm's log prints.
// With --compat helm4 as lines of its structured log.
void warn(const std::vector<std::string>& warnings, bool helm4 = false);

}  // namespace slipway::cli::helm
