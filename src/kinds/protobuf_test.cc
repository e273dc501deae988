#include "kinds/protobuf.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "kinds/go_json.h"
#include "kinds/object.h"
#include "kinds/table.h"
#include "kinds/testing/sets.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::kinds;
using namespace slipway::kinds::testing;

namespace {

// A message by hand: field(1, "x") and number(2, 5).
std::string varint(uint64_t v) {
  std::string out;
  for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
  return out + static_cast<char>(v);
}
std::string field(int tag, std::string_view bytes) {
  return varint(static_cast<uint64_t>(tag) << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}
std::string number(int tag, uint64_t v) {
  return varint(static_cast<uint64_t>(tag) << 3) + varint(v);
}
const Kind& kind(std::string_view word) {
  const Kind* found = builtin_catalog().find_word(word);
  REQUIRE_MESSAGE(found, word);
  return *found;
}
// Reads a message, and shows it as JSON or why not.
void check(std::string_view word, const std::string& message, std::string_view expected) {
  auto read = from_protobuf(*kind(word).type, message);
  CHECK((read ? value::to_json(*read) : read.error().message()) == expected);
}
// Through JSON to protobuf and back.
void check_both(std::string_view word, std::string_view json) {
  auto object = value::parse_json(json);
  REQUIRE(object.has_value());
  auto conformed = conform(kind(word), *object);
  REQUIRE(conformed.has_value());
  std::string message;
  append_protobuf(message, *kind(word).type, conformed->object);
  auto read = from_protobuf(*kind(word).type, message);
  REQUIRE_MESSAGE(read.has_value(), read.error().str());
  auto again = conform(kind(word), *read);
  REQUIRE(again.has_value());
  CHECK(value::to_json(again->object) == value::to_json(conformed->object));
}

}  // namespace

TEST_CASE("a message is read by its numbers") {
  check("cm", "", "{}");
  check("cm", field(1, field(1, "a")) + field(2, field(1, "k") + field(2, "v")),
        R"({"data":{"k":"v"},"metadata":{"name":"a"}})");
  check("cm", number(4, 0), R"({"immutable":false})");
  check("cm", field(3, field(1, "k") + field(2, "\1\2")), R"({"binaryData":{"k":"AQI="}})");
  check("lease", field(2, number(2, uint64_t(1) << 40 | 5) + field(3, number(1, 1) + number(2, 2000))),
        R"({"spec":{"acquireTime":"1970-01-01T00:00:01.000002Z","leaseDurationSeconds":5}})");
  check("quota",
        field(2, field(1, field(1, "cpu") + field(2, field(1, "0.5"))) + field(1, field(1, "x") + field(2, ""))),
        R"({"spec":{"hard":{"cpu":"500m","x":"0"}}})");
  check("svc",
        field(2, field(1, number(3, 80) + field(4, number(1, 0) + number(2, 8080))) +
                     field(1, number(3, 81) + field(4, number(1, 1) + field(3, "web")))),
        R"({"spec":{"ports":[{"port":80,"targetPort":8080},{"port":81,"targetPort":"web"}]}})");
}

TEST_CASE("what is unknown is dropped, what comes twice is merged, what is packed unpacked") {
  check("cm", field(100, "later") + number(101, 7) + field(1, field(1, "a")), R"({"metadata":{"name":"a"}})");
  check("cm", varint(100 << 3 | 3) + number(1, 1) + varint(100 << 3 | 4) + field(1, field(1, "a")),
        R"({"metadata":{"name":"a"}})");
  check("cm", field(1, field(1, "a")) + field(1, field(3, "n")), R"({"metadata":{"name":"a","namespace":"n"}})");
  check("cm", field(1, field(1, "a") + field(1, "b")), R"({"metadata":{"name":"b"}})");
  check("pod", field(2, field(14, number(4, 7) + number(4, 8))),
        R"({"spec":{"securityContext":{"supplementalGroups":[7,8]}}})");
  check("pod", field(2, field(14, field(4, "\7\10"))), R"({"spec":{"securityContext":{"supplementalGroups":[7,8]}}})");
  check("cm", field(2, field(1, "k") + field(2, "\xff")), "{\"data\":{\"k\":\"\xef\xbf\xbd\"}}");
}

TEST_CASE("times of any year go there and back") {
  auto created = [](int64_t seconds, std::string_view expected) {
    check("cm", field(1, field(8, number(1, static_cast<uint64_t>(seconds)) + number(2, 999'999'999))),
          fmt::format(R"({{"metadata":{{{}}}}})", expected));
  };
  created(253'402'300'799, R"("creationTimestamp":"9999-12-31T23:59:59Z")");
  created(-62'167'219'200, R"("creationTimestamp":"0000-01-01T00:00:00Z")");
  created(9'223'372'037, R"("creationTimestamp":"2262-04-11T23:47:17Z")");
  created(-62'135'596'800, "");  // Go's zero time
  auto renewed = [](int64_t seconds, int64_t nanos, std::string_view expected) {
    check("lease",
          field(2, field(4, number(1, static_cast<uint64_t>(seconds)) + number(2, static_cast<uint64_t>(nanos)))),
          fmt::format(R"({{"spec":{{"renewTime":{}}}}})", expected));
  };
  renewed(253'402'300'799, 999'999'999, R"("9999-12-31T23:59:59.999999Z")");
  renewed(-1, -1, R"("1969-12-31T23:59:58.999999Z")");
  renewed(-1, 1'500'000'000, R"("1970-01-01T00:00:00.500000Z")");
  for (const char* time : {"9999-12-31T23:59:59", "2262-04-11T23:47:17", "1969-12-31T23:59:59", "1600-02-29T00:00:00",
                           "0000-01-01T00:00:00"}) {
    check_both("cm", fmt::format(R"({{"metadata":{{"creationTimestamp":"{}Z"}}}})", time));
    check_both("lease", fmt::format(R"({{"spec":{{"renewTime":"{0}.123456Z","acquireTime":"{0}.000001Z"}}}})", time));
  }
}

TEST_CASE("a bad message is refused in Go's words") {
  check("cm", field(1, "xx").substr(0, 3), "unexpected EOF");
  check("cm", std::string(2, '\0'), "proto: ConfigMap: illegal tag 0 (wire type 0)");
  check("cm", number(1, 1), "proto: wrong wireType = 0 for field ObjectMeta");
  check("cm", number(2, 1), "proto: wrong wireType = 0 for field Data");
  check("cm", std::string(11, '\xff'), "proto: integer overflow");
  check("cm", "\x0a" + varint(~uint64_t(0)), "proto: negative length found during unmarshaling");
  check("cm", "\x0c", "proto: ConfigMap: wiretype end group for non-group");
  check("cm", "\x9e\x06", "proto: illegal wireType 6");
  check("quota", field(2, field(1, field(1, "cpu") + field(2, field(1, "x")))),
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  check("lease", field(2, field(3, number(1, uint64_t(1) << 50))),
        "time of 1125899906842624 seconds since 1970: expected one between the years 0 and 9999");
  check("lease", field(2, field(3, number(1, 253'402'300'799) + number(2, 1'000'000'000))),
        "time of 253402300799 seconds since 1970: expected one between the years 0 and 9999");
  std::string deep;
  for (int i = 0; i < 500; ++i) deep = field(28, deep);  // not: {not: {not: ...}}
  check("crd", field(2, field(7, field(4, field(1, deep)))), "nested deeper than 200 messages");
}

TEST_CASE("an envelope says what is inside") {
  std::string body(protobuf_magic);
  body += field(1, field(1, "apps/v1") + field(2, "Deployment")) + field(2, "message");
  auto open = open_envelope(body);
  REQUIRE(open.has_value());
  CHECK(fmt::format("{} {} {}", open->api_version, open->kind, open->message) == "apps/v1 Deployment message");
  auto refused = [](std::string_view text) { return open_envelope(text).error().message(); };
  CHECK(refused("") == "empty data");
  CHECK(refused("k8s") == "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  CHECK(refused(protobuf_magic) == "empty body");
  CHECK(refused(body.substr(0, body.size() - 1)) == "unexpected EOF");
}

TEST_CASE("schemas, which are one of several shapes, keep theirs") {
  check_both(
      "crd",
      R"({"metadata":{"name":"a.b"},"spec":{"group":"b","names":{"plural":"a","kind":"A"},"scope":"Namespaced","versions":[
    {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","$ref":"#/x","properties":{
      "list":{"type":"array","items":{"type":"string","default":"x","enum":["x",1,null,{"a":[]}]}},
      "tuple":{"items":[{"type":"string"},{"type":"integer","maximum":1.5}],"additionalItems":false},
      "map":{"type":"object","additionalProperties":{"type":"string"},"x-kubernetes-preserve-unknown-fields":true},
      "open":{"type":"object","additionalProperties":true},
      "needs":{"dependencies":{"a":["b","c"],"d":{"type":"object"}}}}}}}]}})");
}

namespace {

// All that the tables know, with what is newer than what we serve.
const Tables& newest_tables() {
  static const Tables& tables = *[] {
    auto* t = new Tables;
    auto read = read_tables(*t, builtin_table_texts(), Newer::read);
    REQUIRE_MESSAGE(read.has_value(), read.error().str());
    return t;
  }();
  return tables;
}

// WatchEvent says nothing of itself: its file does.
const Kind* newest_kind(const std::string& file, std::string_view api_version, std::string_view name) {
  static std::deque<Kind> of_meta;
  GroupVersionKind id = GroupVersionKind::of(Value{{"apiVersion", api_version}, {"kind", name}});
  for (const Kind& kind : newest_tables().kinds)
    if (kind.id == id) return &kind;
  std::string bare(base::split(file, '.').back());
  auto found = newest_tables().type_by_name.find("io.k8s.apimachinery.pkg.apis.meta.v1." + bare);
  if (found == newest_tables().type_by_name.end()) return nullptr;
  Kind& kind = of_meta.emplace_back();
  kind.id = id;
  kind.type = found->second;
  return &kind;
}

std::string sealed(const Kind& kind, const Value& object, const Envelope& like) {
  std::string message, out;
  append_protobuf(message, *kind.type, object);
  append_envelope(out, like.api_version, like.kind, message);
  return out;
}

}  // namespace

// Three spellings of one object; each is read and the other two written.
TEST_CASE("every recorded object, between JSON, YAML and protobuf, byte for byte") {
  auto folder = testdata("kubernetes-api/roundtrip");
  if (!folder) return;
  int of = 0, from_pb = 0, from_json = 0, from_yaml = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (entry.path().extension() != ".pb") continue;
    ++of;
    std::filesystem::path path = entry.path();
    std::string file = path.stem().string();
    std::string pb = read_file(path), json = read_file(path.replace_extension(".json"));
    std::string yaml = read_file(path.replace_extension(".yaml"));
    auto envelope = open_envelope(pb);
    REQUIRE(envelope.has_value());
    const Kind* kind = newest_kind(file, envelope->api_version, envelope->kind);
    REQUIRE_MESSAGE(kind, file);
    auto check = [&](std::string_view from, Result<Value> read, int& passed) {
      REQUIRE_MESSAGE(read.has_value(), file << " from " << from << ": " << (read ? "" : read.error().str()));
      if (!envelope->kind.empty())
        *read = read->with_member("apiVersion", envelope->api_version).with_member("kind", envelope->kind);
      auto conformed = conform(*kind, *read);
      REQUIRE_MESSAGE(conformed.has_value(), file << " from " << from);
      const Value& object = conformed->object;
      bool same_pb = sealed(*kind, object, *envelope) == pb, same_json = GoJson::print(*kind->type, object) == json,
           same_yaml = value::to_yaml(object) == yaml;
      if (same_pb && same_json && same_yaml) {
        ++passed;
      } else {
        fmt::print("  {} from {}:{}{}{} differs\n", file, from, same_pb ? "" : " protobuf", same_json ? "" : " JSON",
                   same_yaml ? "" : " YAML");
      }
    };
    check("protobuf", from_protobuf(*kind->type, envelope->message), from_pb);
    check("JSON", value::parse_json(json), from_json);
    check("YAML", value::parse_yaml(yaml), from_yaml);
  }
  report("roundtrip-from-protobuf", from_pb, of);
  report("roundtrip-from-json", from_json, of);
  report("roundtrip-from-yaml", from_yaml, of);
}
