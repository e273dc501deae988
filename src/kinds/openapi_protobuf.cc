// The version 2 document as gnostic's openapi.v2.Document, which kubectl up to 1.28 and Argo CD insist on. Only what a
// document of ours can hold is written; numbers are the message's fields.
#include "kinds/object.h"
#include "value/json.h"

namespace slipway::kinds {
namespace {

class Message {
 public:
  Message& text(int field, std::string_view v) {
    if (v.empty()) return *this;
    key(field, 2);
    varint(v.size());
    out_ += v;
    return *this;
  }
  Message& flag(int field, bool v) {
    if (v) key(field, 0), varint(1);
    return *this;
  }
  Message& add(int field, const Message& m) {  // an empty message is written too: it says that the member is there
    key(field, 2);
    varint(m.out_.size());
    out_ += m.out_;
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  void key(int field, int wire) { varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire)); }
  void varint(uint64_t v) {
    for (; v >= 0x80; v >>= 7) out_ += static_cast<char>(v | 0x80);
    out_ += static_cast<char>(v);
  }
  std::string out_;
};

// Any: gnostic keeps such values as YAML; JSON is YAML.
Message any(const Value& v) {
  return std::move(Message().text(2, value::to_json(v) + "\n"));
}
Message named_any(std::string_view name, const Value& v) {
  return std::move(Message().text(1, name).add(2, any(v)));
}
void extensions(Message& m, int field, const Value& v) {
  for (const auto& member : v.members())
    if (member.key.view().starts_with("x-")) m.add(field, named_any(member.key.view(), member.value));
}

Message schema(const Value& v);
Message named_schemas(const Value& v) {
  Message m;
  for (const auto& member : v.members())
    m.add(1, std::move(Message().text(1, member.key.view()).add(2, schema(member.value))));
  return m;
}
Message schema(const Value& v) {
  Message m;
  m.text(1, v["$ref"].as_string()).text(2, v["format"].as_string()).text(4, v["description"].as_string());
  if (v.has("default")) m.add(5, any(v["default"]));
  for (const Value& name : v["required"].items()) m.text(19, name.as_string());
  if (v.has("additionalProperties")) m.add(21, std::move(Message().add(1, schema(v["additionalProperties"]))));
  if (v.has("type")) m.add(22, std::move(Message().text(1, v["type"].as_string())));
  if (v.has("items")) m.add(23, std::move(Message().add(1, schema(v["items"]))));
  if (v.has("properties")) m.add(25, named_schemas(v["properties"]));
  extensions(m, 31, v);
  return m;
}

Message parameter(const Value& p) {
  std::string_view in = p["in"].as_string();
  Message inner, item;
  if (in == "body") {
    inner.text(2, p["name"].as_string()).text(3, in).flag(4, p["required"].as_bool()).add(5, schema(p["schema"]));
    item.add(1, inner);
  } else {
    bool query = in == "query";
    inner.flag(1, p["required"].as_bool())
        .text(2, in)
        .text(4, p["name"].as_string())
        .text(query ? 6 : 5, p["type"].as_string())
        .flag(query ? 20 : 19, p["uniqueItems"].as_bool());
    item.add(2, std::move(Message().add(query ? 3 : 4, inner)));
  }
  return std::move(Message().add(1, item));
}

Message operation(const Value& op) {
  Message m;
  m.text(5, op["operationId"].as_string());
  for (const Value& t : op["produces"].items()) m.text(6, t.as_string());
  for (const Value& t : op["consumes"].items()) m.text(7, t.as_string());
  for (const Value& p : op["parameters"].items()) m.add(8, parameter(p));
  Message responses;
  for (const auto& member : op["responses"].members()) {
    Message response;
    response.text(1, member.value["description"].as_string());
    if (member.value.has("schema")) response.add(2, std::move(Message().add(1, schema(member.value["schema"]))));
    responses.add(1, std::move(Message().text(1, member.key.view()).add(2, std::move(Message().add(1, response)))));
  }
  m.add(9, responses);
  extensions(m, 13, op);
  return m;
}

}  // namespace

std::string openapi_v2_protobuf(const Value& document) {
  Message out;
  out.text(1, document["swagger"].as_string());
  out.add(
      2,
      std::move(
          Message().text(1, document["info"]["title"].as_string()).text(2, document["info"]["version"].as_string())));
  Message paths;
  for (const auto& path : document["paths"].members()) {
    Message item;
    constexpr std::pair<std::string_view, int> verbs[] = {
        {"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
    for (auto [verb, field] : verbs)
      if (path.value.has(verb)) item.add(field, operation(path.value[verb]));
    for (const Value& p : path.value["parameters"].items()) item.add(9, parameter(p));
    paths.add(2, std::move(Message().text(1, path.key.view()).add(2, item)));
  }
  out.add(8, paths);
  out.add(9, named_schemas(document["definitions"]));
  return out.take();
}

}  // namespace slipway::kinds
