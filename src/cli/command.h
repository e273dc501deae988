// A command is data: its words, options and help, and one function that runs it. Parsing, help, completion and
// suggestions come from the list of all commands, which slipway/ puts together. One command a file.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/real_world.h"

namespace slipway::cli {

// Text of the program itself. All commands are made at every start, and copies of their texts were a tenth of it.
class Literal : public std::string_view {
 public:
  Literal() = default;
  template <size_t n>
  consteval Literal(const char (&text)[n]) : std::string_view(text, n - 1) {}
};

struct Option {
  std::string name;  // "--path"
  Literal value;     // what it takes, "DIR"; empty: a switch
  Literal help;      // one line
  Literal fallback;  // shown in the help, and what option() gives when it is not said
  bool repeated = false;
  char letter = 0;  // -f
};

// What was said.
class Invocation {
 public:
  std::vector<std::string> arguments;  // in order, options taken out
  std::vector<std::string> rest;       // after "--"
  bool has(const std::string& option) const { return values_.contains(option); }
  std::string option(const std::string& name, std::string fallback = {}) const;
  std::vector<std::string> all(const std::string& name) const;
  bool json() const { return has("--json"); }
  void add(const std::string& name, std::string value) { values_[name].push_back(std::move(value)); }
  void drop(const std::string& name) { values_.erase(name); }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

struct Command {
  std::string words;  // "app sync"
  Literal arguments;  // "[REPO]", "NAME": in the usage line
  Literal summary;    // one line
  Literal help;       // paragraphs with examples
  std::vector<Option> options;
  size_t arguments_min = 0, arguments_max = 0;
  bool serves = false;
  bool own_words = false;  // run() reads all words itself: they come as arguments, options untouched
  bool otherwise = false;  // run when no command begins with its words and goes on as the line does
  Task<int> (*run)(runtime::RealWorld& world, Invocation invocation) = nullptr;  // gives the exit code
};

// The same command by another name, with a summary that says so.
Command also_called(Command command, std::string words, Literal summary);

// The commands of this room, in the order of the overview.
std::vector<Command> client_commands();

using MakeWorld = std::unique_ptr<runtime::RealWorld> (*)(bool serves);  // serves: a long-running command
// Parses and runs one of `commands`. Exit codes: 0 well, 1 failed, 2 said wrongly (with the nearest right spelling).
int run(const std::vector<Command>& commands, MakeWorld make_world, int argc, char** argv);

// For run functions: stdout is the answer, stderr the conversation.
void print(std::string_view text);
void print(const std::vector<std::string_view>& pieces);  // one behind the other
// Whether all of that could be written: a full disk; not a reader that went away, which had all it wanted. Commands
// need not ask, run() does when they are through. Error: io.
Result<> printed();
void complain(std::string_view text);
void print_help(const Command& command);
int report(const Error& error, std::string_view next_step = {});  // prints, gives 1

}  // namespace slipway::cli
