// What a kind is, as data: names, fields, types, protobuf numbers, defaults, rules, merge keys, columns. Built-in kinds
// come from kinds/tables/*.kinds, compiled in; CRDs are loaded into the same structures at run time.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace slipway::kinds {

struct GroupVersionKind {
  std::string group;  // empty: core
  std::string version;
  std::string kind;
  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  static GroupVersionKind of(const Value& object);  // from apiVersion and kind; empty strings where missing
  bool operator==(const GroupVersionKind&) const = default;
  auto operator<=>(const GroupVersionKind&) const = default;
};

struct Type;

enum class Shape : uint8_t {
  string,
  boolean,
  int32,
  int64,
  number,
  bytes,  // bytes: base64 text in JSON
  quantity,
  time,
  micro_time,
  int_or_string,
  duration,
  any,     // any: whatever JSON (RawExtension, JSON, FieldsV1)
  object,  // a Type with named fields
  list,    // of `element`
  map,     // string to `element`
};
enum class ListKind : uint8_t { atomic, set, map };  // x-kubernetes-list-type

// A named string type: Protocol with TCP, UDP, SCTP. Without values: any text (the name still shows in Go's errors).
struct Enum {
  std::string name;                 // "v1.Protocol", as Go prints it
  std::vector<std::string> values;  // sorted
};

struct FieldType {
  Shape shape = Shape::any;
  const Enum* named = nullptr;               // for string, when its type has a name
  const Type* type = nullptr;                // for object
  std::shared_ptr<const FieldType> element;  // for list and map
};

struct Field {
  std::string name;  // as in JSON
  int tag = 0;       // protobuf number; 0: none (CRDs)
  FieldType type;
  bool required = false, nullable = false, immutable = false;
  bool pointer = false;            // absent and zero differ: an explicit 0, "" or false is kept
  bool always = false;             // written even when zero (Go: no omitempty)
  bool omit_zero = false;          // a struct that is left out when zero (others are written as {})
  bool inlined = false;            // its members stand among the parent's (Go embedding); protobuf has it as a message
  bool boxed = false;              // protobuf has a message of its own around this list
  const Type* choice = nullptr;    // for any: protobuf has this type, of whose fields the JSON value is one
  Value fallback;                  // the default; null: none
  std::vector<std::string> rules;  // the table's words: "min 0", "dns-label", "enum A|B"; read by validate.cc
  ListKind list_kind = ListKind::atomic;
  bool list_marked = false;                 // the list type is published; an unmarked list is atomic, silently
  bool fallback_shown = false;              // the default is published in OpenAPI
  std::vector<std::string> list_keys;       // x-kubernetes-list-map-keys
  std::string merge_key;                    // x-kubernetes-patch-merge-key
  bool merge = false, retain_keys = false;  // patch strategies
  bool atomic_map = false;                  // x-kubernetes-map-type: atomic
  std::string description;
};

struct Type {
  std::string name;  // "io.k8s.api.core.v1.Container": the OpenAPI definition's name
  std::string description;
  std::vector<Field> fields;  // in table order, which is the order of the Go struct
  bool preserve_unknown = false;
  bool atomic = false;                              // x-kubernetes-map-type: one leaf for server-side apply
  const Field* field(std::string_view name) const;  // looks into inlined ones too; null when there is none
  // All fields, inlined ones included, sorted by name: the order of an object's members. Call index() after filling.
  const std::vector<const Field*>& sorted() const { return sorted_; }
  // The fields that protobuf has, inlined ones as the messages they are there, by number: the order of writing.
  const std::vector<const Field*>& numbered() const { return numbered_; }
  void index();

 private:
  std::vector<const Field*> sorted_, numbered_;
};

struct Column {
  std::string name, type = "string", format, description;
  int priority = 0;    // 1: only -o wide
  std::string source;  // a JSONPath, or the name of a cell function in columns.cc
};

struct Kind {
  GroupVersionKind id;
  std::string plural, singular;
  std::vector<std::string> short_names, categories;
  bool namespaced = true;
  std::vector<std::string> subresources;  // "status", "scale", "log", ...
  std::vector<std::string> verbs;         // create delete deletecollection get list patch update watch
  const Type* type = nullptr;             // null: anything goes
  std::vector<Column> columns;
  bool has_generation = false;  // metadata.generation is kept
  bool status_subresource() const;
  std::string name_rule = "dns-subdomain";   // how objects may be called: dns-label, dns-1035, path-segment
  bool create_on_update = false;             // PUT of a missing name creates it
  bool unconditional_update = true;          // PUT without a resourceVersion is fine
  std::vector<std::string> field_selectors;  // besides metadata.name and metadata.namespace
  bool controller_missing = false;           // a table without a controller of ours yet: stored, and said so
  bool builtin = true;                       // false: from a CRD, or a foreign kind that other programs define
  bool served = true;                  // false: only a type that subresources and clients exchange (Scale, Eviction)
  bool delete_returns_object = false;  // DELETE that takes effect at once answers with the object, not a Status
  std::string resource() const { return plural; }
  std::string group_resource() const {
    return id.group.empty() ? plural : plural + "." + id.group;
  }  // "deployments.apps"
};

// All kinds that are there. Built-in ones never change; CRDs come and go, and each change gives a new generation.
class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual const Kind* find(const GroupVersionKind& id) const = 0;  // unserved ones too
  virtual const Kind* find_resource(std::string_view group, std::string_view version,
                                    std::string_view plural) const = 0;
  // The preferred version of a group and kind.
  virtual const Kind* find_kind(std::string_view group, std::string_view kind) const = 0;
  // What a person types: "deploy", "deployments", "deployment.apps", "Deployment". Null: unknown (see suggestions()).
  virtual const Kind* find_word(std::string_view word) const = 0;
  virtual std::vector<const Kind*> all() const = 0;  // the served ones, ordered by group, version, kind
  virtual uint64_t generation() const = 0;
};
const Catalog& builtin_catalog();
// A type of the tables by its OpenAPI name ("io.k8s.api.core.v1.PodSpec"); null when there is none.
const Type* builtin_type(std::string_view name);
const Type& object_meta_type();

}  // namespace slipway::kinds
