// Kubernetes' protobuf, both ways, from the tables' numbers: what a typed client sends and reads instead of JSON. All
// pure. A body is "k8s\0" and a runtime.Unknown, which says apiVersion and kind and holds the message.
#pragma once

#include <string>
#include <string_view>

#include "kinds/kind.h"

namespace slipway::kinds {

// The views point into the body.
struct Envelope {
  std::string_view api_version, kind;  // empty: not said
  std::string_view message;
};
inline constexpr std::string_view protobuf_magic("k8s\0", 4);
inline bool is_protobuf(std::string_view body) {
  return body.starts_with(protobuf_magic);
}
// Errors: bad_request, in the words of the API server's reader.
Result<Envelope> open_envelope(std::string_view body);
void append_envelope(std::string& out, std::string_view api_version, std::string_view kind, std::string_view message);

// A message as the JSON tree that says the same; without apiVersion and kind. Fields that the table does not know are
// dropped, numbers and texts that are zero left out (conform() puts them back where Go writes them), bytes that are no
// UTF-8 become U+FFFD. Errors: bad_request, in Go's words ("proto: wrong wireType = 0 for field Data").
Result<Value> from_protobuf(const Type& type, std::string_view message);

// The message of a conformed object, byte for byte as Go writes it. Members without a number are left out.
void append_protobuf(std::string& out, const Type& type, const Value& object);
// In its envelope, with the object's apiVersion and kind.
std::string to_protobuf(const Type& type, const Value& object);

// One length-delimited field around what `fill` appends: lists and watch events are put together of these.
void append_field(std::string& out, int tag, std::string_view bytes);

}  // namespace slipway::kinds
