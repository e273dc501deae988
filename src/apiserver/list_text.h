// A list as text, written straight from the objects: no tree of the whole list is made, and long JSON comes in pieces,
// so that the client takes the first while the next are written and other requests have their turn.
#pragma once

#include <optional>
#include <string>

#include "apiserver/negotiate.h"
#include "apiserver/turns.h"
#include "cluster/cluster.h"
#include "runtime/http.h"
#include "value/json_indent.h"

namespace slipway::apiserver {

class ListText {
 public:
  ListText(const kinds::Kind& kind, cluster::List list, Accepted accepted, WallTime now, std::string include_object,
           bool pretty);
  // The next piece, of about `bytes` or a little more; YAML and protobuf come whole. Nothing more to say once done().
  std::string next(size_t bytes);
  bool done() const { return done_; }

 private:
  std::string piece(size_t bytes);
  std::string whole() const;
  Value meta() const;
  void begin(std::string& text) const;
  void add_row(std::string& text, const Value& object) const;
  void add_item(std::string& text, const Value& object) const;

  const kinds::Kind& kind_;
  cluster::List list_;
  Accepted accepted_;
  WallTime now_;
  std::string include_;
  size_t at_ = 0;  // of the item that comes next
  bool done_ = false;
  std::optional<value::JsonIndenter> indenter_;
};

// Answers with it, in the caller's turn: a short list at once, a long one piece by piece, each in another turn.
Task<Result<>> answer_list(runtime::Exchange& exchange, Turns& turns, ListText text, runtime::Headers headers);

}  // namespace slipway::apiserver
