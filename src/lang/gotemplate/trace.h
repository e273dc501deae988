// What wrote which part of an output: the way back from a rendered line to the lines of templates that made it. Only
// recorded when a Run is told to (Run::trace), for saying what is wrong with what came out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::lang::gotemplate {

struct Parsed;

// A line of a template's file.
struct Origin {
  std::string file;  // "chart/templates/a.yaml"
  int line = 0;      // from 1
  std::string text;  // the line itself, without the blanks around it
  bool operator==(const Origin&) const = default;
};

class Trace {
 public:
  // The lines behind line `line` (from 1) of the outermost output: the outermost first, then those of templates that it
  // included. Empty: nothing is known.
  std::vector<Origin> origins_of(int line) const;

 private:
  friend class Executor;
  struct Piece {
    size_t begin;  // in the output
    const Parsed* in;
    size_t position;  // in the template's text
    bool is_text;     // copied from there; else an action wrote it
  };
  struct Output {
    std::string text;
    std::vector<Piece> pieces;
  };
  static Origin origin_at(const Output& output, size_t at);

  static constexpr size_t kOutputsMax = 20'000, kBytesMax = 64 << 20;
  std::vector<Output> outputs_;  // in the order in which they were begun
  size_t bytes_ = 0;
};

}  // namespace slipway::lang::gotemplate
